package encode

import "bytes"

// numberSigns are what a command of a CI runner begins with, wherever it stands in a line: ##[error] and ##vso[…] of
// Azure Pipelines, the first also of GitHub Actions, ##teamcity[…].
var numberSigns = []byte("##")

// escapeCommands escapes in whole[from:], which is JSON, what may begin a command of a CI runner. The values stay the
// same: number signs are in strings alone.
func escapeCommands(whole []byte, from int) []byte {
	line := whole[from:]
	if indexCommand(line) < 0 {
		return whole
	}
	return append(whole[:from], replaceCommands(line, `#\u0023`)...)
}

// replaceCommands returns text with signs in place of the numberSigns of all commands; text itself where there is none.
func replaceCommands(text []byte, signs string) []byte {
	at := indexCommand(text)
	if at < 0 {
		return text
	}
	replaced := make([]byte, 0, len(text)+len(text)/8)
	for ; at >= 0; at = indexCommand(text) {
		replaced = append(append(replaced, text[:at]...), signs...)
		text = text[at+len(numberSigns):]
	}
	return append(replaced, text...)
}

// indexCommand returns where in text a command may begin: two number signs with a bracket or a letter behind them; -1
// is nowhere.
func indexCommand(text []byte) int {
	for at := 0; ; at++ {
		next := bytes.Index(text[at:], numberSigns)
		if next < 0 || at+next+len(numberSigns) == len(text) {
			return -1
		}
		at += next
		if c := text[at+len(numberSigns)]; c == '[' || 'a' <= c|0x20 && c|0x20 <= 'z' {
			return at
		}
	}
}

// endsWithSigns returns how many of numberSigns text ends with.
func endsWithSigns(text []byte) int {
	n := 0
	for n < len(text) && n < len(numberSigns) && text[len(text)-1-n] == '#' {
		n++
	}
	return n
}
