package encode

import (
	"cmp"
	"slices"
	"strconv"
)

func appendName(dst []byte, name string) []byte {
	return append(append(append(dst, ',', '"'), name...), '"', ':')
}

// appendAbsent appends members that have no value: as null with AllMembers, else not at all.
func (l Layout) appendAbsent(dst []byte, names ...string) []byte {
	if l.AllMembers {
		for _, name := range names {
			dst = append(appendName(dst, name), "null"...)
		}
	}
	return dst
}

func (l Layout) appendOptional(dst []byte, name, value string) []byte {
	if value == "" {
		return l.appendAbsent(dst, name)
	}
	return appendOptional(dst, name, value)
}

func appendOptional(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return appendString(appendName(dst, name), value)
}

func (l Layout) appendCount(dst []byte, name string, value int64) []byte {
	if value == 0 {
		return l.appendAbsent(dst, name)
	}
	return appendCount(dst, name, value)
}

func appendCount(dst []byte, name string, value int64) []byte {
	if value == 0 {
		return dst
	}
	return strconv.AppendInt(appendName(dst, name), value, 10)
}

func (l Layout) appendRaw(dst []byte, name string, raw []byte) []byte {
	if len(raw) == 0 {
		return l.appendAbsent(dst, name)
	}
	start := len(appendName(dst, name))
	return escapeTail(append(appendName(dst, name), raw...), start)
}

func appendCounts[K cmp.Ordered](dst []byte, counts map[K]int64, name func(K) string) []byte {
	dst = append(dst, '{')
	for i, key := range sortedKeys(counts) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, name(key)), ':')
		dst = strconv.AppendInt(dst, counts[key], 10)
	}
	return append(dst, '}')
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
