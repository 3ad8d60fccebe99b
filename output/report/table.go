package report

import "fmt"

// A table has rows of cells.
type table struct {
	Head []column
	Rows [][]cell
	Foot [][]cell
}

// A column is that of a table; Number says that its cells are figures.
type column struct {
	Name   string
	Number bool
}

// A cell has a text, and what it is sorted by where that is another; empty is the text.
type cell struct{ Text, Sort string }

func textCell(text string) cell { return cell{Text: text} }

func countCell(n int64) cell { return cell{formatCount(n), fmt.Sprint(n)} }

func numberCell(x float64) cell { return cell{formatNumber(x), fmt.Sprint(x)} }

func unknownCell() cell { return cell{"–", "-1"} }

func numberColumn(n string) column { return column{n, true} }
