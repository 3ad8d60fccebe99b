package h2

// A decoder decodes the header blocks of a connection (RFC 7541), as they come: fragment by fragment. What is usual is
// not allocated again: names, and short values, are those of a former response where they are equal.
type decoder struct {
	rest    []byte // of the block: what is not decoded yet
	begun   bool   // a field of the block has been decoded: the size of the table can't change any more
	table   []field
	size    int // of table
	maxSize int // of table, as the server has set it

	strings stringCache
}

// newDecoder returns a decoder with an empty table.
func newDecoder() *decoder {
	return &decoder{maxSize: tableSize, strings: newStringCache()}
}

// write decodes a fragment of a block, and calls emit for each field that is whole. An error ends the connection, as
// the tables of both sides differ from then on (RFC 9113 section 4.3).
func (d *decoder) write(fragment []byte, emit func(field)) error {
	block := fragment
	if len(d.rest) > 0 {
		d.rest = append(d.rest, fragment...)
		block = d.rest
	}
	for len(block) > 0 {
		f, is, n, err := d.next(block)
		if err != nil {
			return err
		}
		if n == 0 {
			break // more has to come
		}
		if block = block[n:]; is {
			d.begun = true
			emit(f)
		}
	}
	if len(block) > maxFragment {
		return errTooLong
	}
	d.rest = append(d.rest[:0], block...)
	return nil
}

// end ends a block.
func (d *decoder) end() error {
	d.begun = false
	if len(d.rest) > 0 {
		return errHPACK
	}
	if cap(d.rest) > maxFragment>>4 {
		d.rest = nil
	}
	return nil
}

// next decodes the representation at the start of b, of n bytes; 0 is that it has not come whole. is says that it is a
// field, and not a change of the table's size.
func (d *decoder) next(b []byte) (f field, is bool, n int, err error) {
	switch first := b[0]; {
	case first&0x80 != 0: // indexed, RFC 7541 section 6.1
		index, n := number(b, 7)
		if n <= 0 {
			return f, false, 0, tooBig(n)
		}
		f, err = d.at(index)
		return f, true, n, err
	case first&0xc0 == 0x40: // literal, with indexing, section 6.2.1
		if f, n, err = d.literal(b, 6); n > 0 && err == nil {
			d.add(f)
		}
		return f, true, n, err
	case first&0xe0 == 0x20: // size of the table, section 6.3
		size, n := number(b, 5)
		switch {
		case n <= 0:
			return f, false, 0, tooBig(n)
		case d.begun || size > tableSize:
			return f, false, 0, errHPACK
		}
		d.maxSize = size
		d.evict()
		return f, false, n, nil
	}
	f, n, err = d.literal(b, 4) // without indexing, or never indexed, sections 6.2.2 and 6.2.3
	return f, true, n, err
}

// literal decodes a literal field whose index of a name has a prefix of so many bits.
func (d *decoder) literal(b []byte, prefix int) (f field, n int, err error) {
	index, n := number(b, prefix)
	if n <= 0 {
		return f, 0, tooBig(n)
	}
	if index > 0 {
		known, err := d.at(index)
		if err != nil {
			return f, 0, err
		}
		f.name = known.name
	} else {
		var more int
		f.name, more, err = d.strings.name(b[n:])
		if more <= 0 || err != nil {
			return f, 0, err
		}
		n += more
	}
	var more int
	f.value, more, err = d.strings.value(b[n:])
	if more <= 0 || err != nil {
		return f, 0, err
	}
	return f, n + more, nil
}

// at returns the entry of an index (RFC 7541 section 2.3.3).
func (d *decoder) at(index int) (field, error) {
	switch {
	case index == 0 || index > len(staticTable)+len(d.table):
		return field{}, errHPACK
	case index <= len(staticTable):
		return staticTable[index-1], nil
	}
	return d.table[len(d.table)-(index-len(staticTable))], nil
}

// add adds an entry to the table.
func (d *decoder) add(f field) {
	d.table = append(d.table, f)
	d.size += f.size()
	d.evict()
}

// evict takes the oldest entries out of the table until it has its size.
func (d *decoder) evict() {
	n := 0
	for ; d.size > d.maxSize; n++ {
		d.size -= d.table[n].size()
	}
	if n > 0 {
		kept := copy(d.table, d.table[n:])
		clear(d.table[kept:])
		d.table = d.table[:kept]
	}
}
