package fetch

// parkedPages are the next pages of Requests whose Records a Holder holds back, while the look-ahead window is full: a
// page more would be a Record more to hold back. There is one of each Request at most. It is a heap, with the first of
// the input on top.
type parkedPages []*task

func (p parkedPages) Len() int           { return len(p) }
func (p parkedPages) Less(i, j int) bool { return p[i].seq < p[j].seq }
func (p parkedPages) Swap(i, j int)      { p[i], p[j] = p[j], p[i] }

// Push implements heap.Interface.
func (p *parkedPages) Push(x any) { *p = append(*p, x.(*task)) }

// Pop implements heap.Interface.
func (p *parkedPages) Pop() any {
	last := len(*p) - 1
	t := (*p)[last]
	(*p)[last] = nil
	*p = (*p)[:last]
	return t
}
