package savedir

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"

	"batchfetch/fetch"
	"batchfetch/fetch/httpurl"
)

// A response is what of a response may be in the name of its body.
type response struct {
	sum      string // hash of the body, in hex
	filename string // by Content-Disposition; empty is none
}

// placeholder stands for a response that has not come yet: all are equally safe in a name.
var placeholder = response{sum: strings.Repeat("0", 2*sha256.Size)}

// name returns the name for the body of r. It passes checkName.
func (t NameTemplate) name(r *fetch.Request, of response) (string, error) {
	_, name, err := t.names(r, of)
	return name, err
}

// names returns the name, and base: the same without the number of a page that the template does not have.
func (t NameTemplate) names(r *fetch.Request, of response) (base, name string, err error) {
	base, isSafe, err := t.baseName(r, of)
	if isSafe && r.Page <= 1 && t.limit() == maxSegment {
		return base, base, nil
	}
	if err == nil && r.Path == "" {
		base = t.shorten(base)
	}
	name = base
	if err == nil && (r.Path != "" || !t.has("page") && !t.has("sha256")) {
		name = withPage(name, r.Page, t.limit())
	}
	if err == nil {
		err = checkName(name, t.limit())
	}
	return base, name, err
}

// limit is how long a name between two slashes may be, in bytes.
func (t NameTemplate) limit() int { return cmp.Or(t.longest, maxSegment) }

// shorten returns a name with a hash of each part that is over the limit in the place of its end.
func (t NameTemplate) shorten(name string) string {
	if t.limit() == maxSegment {
		return name
	}
	segments := strings.Split(name, "/")
	for i, segment := range segments {
		if len(segment) > t.limit() {
			segments[i] = withHash(segment, hashOf(segment), t.limit())
		}
	}
	return strings.Join(segments, "/")
}

// baseName is name without the number of a page that the template does not have. isSafe says that checkName would pass
// it where a part may have maxSegment bytes.
func (t NameTemplate) baseName(r *fetch.Request, of response) (name string, isSafe bool, err error) {
	if r.Path != "" { // a path in the input is taken as it is
		return r.Path, false, nil
	}
	u, err := httpurl.Parse(r.URL)
	if err != nil {
		return "", false, err
	}
	u = httpurl.RemoveDots(u)
	if t.parts == nil {
		if name, isUsual := usualName(r, u); isUsual {
			return name, true, nil
		}
		return defaultName(r, u), false, nil
	}
	var text strings.Builder
	for _, part := range t.parts {
		text.WriteString(part.expand(r, u, of))
	}
	segments := strings.Split(text.String(), "/")
	kept := segments[:0]
	for _, segment := range segments {
		if segment != "" {
			kept = append(kept, sanitizeSegment(segment))
		}
	}
	if len(kept) == 0 {
		kept = append(kept, "index")
	}
	return joinSegments(kept, true, r), false, nil
}

// maxSuffix bounds what withPage and withHash add to a name, in bytes, beside the hash.
const maxSuffix = len("~-page9223372036854775807")

// withPage returns a name with the number of a page other than the first before its extension: a-page2.json. Where its
// last segment is over the limit then, a hash takes the place of the end of it.
func withPage(name string, page int64, limit int) string {
	if page <= 1 {
		return name
	}
	suffix := "-page" + strconv.FormatInt(page, 10)
	folder, file := path.Split(name)
	if len(file)+len(suffix) > limit {
		file = withHash(file, hashOf(file), limit-len(suffix))
	}
	ext := path.Ext(file)
	return folder + strings.TrimSuffix(file, ext) + suffix + ext
}

// expand returns the text of a part in the name for the body of r, whose URL is u.
func (p namePart) expand(r *fetch.Request, u *url.URL, of response) string {
	file := path.Base(u.Path)
	if file == "/" || file == "." {
		file = "index"
	}
	switch p.field {
	case "":
		return p.literal
	case "host":
		return withoutSlashes(httpurl.HostPort(u))
	case "path":
		return strings.Trim(u.Path, "/")
	case "base":
		return withoutSlashes(strings.TrimSuffix(file, path.Ext(file)))
	case "ext":
		return withoutSlashes(path.Ext(file))
	case "filename":
		return withoutSlashes(cmp.Or(of.filename, file))
	case "index":
		return fmt.Sprintf("%0*d", p.digits, r.Index)
	case "page":
		return fmt.Sprintf("%0*d", p.digits, max(r.Page, 1))
	case "id":
		return withoutSlashes(idAsText(r.ID))
	}
	return of.sum
}

// withoutSlashes replaces slashes, so that a value makes no folders.
func withoutSlashes(text string) string { return strings.ReplaceAll(text, "/", "_") }

func idAsText(id json.RawMessage) string {
	var text string
	if json.Unmarshal(id, &text) == nil {
		return text
	}
	return string(id)
}

// defaultName returns the path of a URL as folders below its host. Where it is not that of a plain GET without a query,
// or has what no file name can have, a hash of the request stands before its ending.
func defaultName(r *fetch.Request, u *url.URL) string {
	plain := u.RawQuery == "" && !u.ForceQuery && r.Method == "" && r.Body == nil && len(r.Header) == 0
	segments := []string{sanitizeSegment(httpurl.HostPort(u))}
	raw := strings.Split(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	for i, escaped := range raw {
		last := i == len(raw)-1
		if escaped == "" {
			plain = plain && last
			if last {
				segments = append(segments, "index")
			}
			continue
		}
		text, _ := url.PathUnescape(escaped) // of a path that has been parsed
		safe := replaceUnsafe(text)
		if plain = plain && safe == text && len(safe) <= maxSegment; !last {
			safe = sanitizeSegment(text)
		}
		segments = append(segments, safe)
	}
	return joinSegments(segments, plain, r)
}

// usualName is defaultName of a plain GET whose path a file can have as it is; false is any other. It takes a third of
// the time.
func usualName(r *fetch.Request, u *url.URL) (string, bool) {
	if u.RawQuery != "" || u.ForceQuery || u.RawPath != "" || r.Method != "" || r.Body != nil || len(r.Header) > 0 ||
		len(u.Path) > maxSegment || !strings.HasPrefix(u.Path, "/") || strings.Count(u.Path, "/") > maxFolders {
		return "", false
	}
	for segment := range strings.SplitSeq(u.Path[1:], "/") {
		if !isUsual(segment) {
			return "", false
		}
	}
	return sanitizeSegment(httpurl.HostPort(u)) + u.Path, true
}

// joinSegments joins the segments of a name, with the hash of r before the ending of the last unless it is plain. Of a
// name that is too long, or too deep, only the first and the last stay.
func joinSegments(segments []string, plain bool, r *fetch.Request) string {
	name, last := strings.Join(segments, "/"), len(segments)-1
	fits := len(name) <= maxName-2*hashSize-maxSuffix && last <= maxFolders
	if plain && fits {
		return name
	}
	segments[last] = withHash(segments[last], requestHash(r), maxSegment)
	if !fits {
		return segments[0] + "/" + segments[last]
	}
	return strings.Join(segments, "/")
}

// renamed returns another name than one that is taken: with a hash before its ending. Where one of its folders is a
// file, those below that are no folders any more. limit is that of its last segment.
func renamed(name, notFolder, hash string, limit int) string {
	dir, file := path.Split(name)
	if notFolder != "" {
		dir, _ = path.Split(notFolder)
		file = strings.ReplaceAll(name[len(dir):], "/", "~")
	}
	file = withHash(file, hash, limit)
	if len(dir)+len(file) > maxName-maxSuffix {
		dir, _, _ = strings.Cut(dir, "/")
		return dir + "/" + file
	}
	return dir + file
}

// hashSize is the size in bytes of the hash of a Request in a name.
const hashSize = 8

// requestHash returns 64 bits of a hash of a Request in hex; it is the same in every run.
func requestHash(r *fetch.Request) string {
	sum := sha256.Sum256(r.AppendCanonical(nil))
	return hex.EncodeToString(sum[:hashSize])
}

// indexedHash is requestHash of what differs between equal Requests, too.
func indexedHash(r *fetch.Request) string {
	sum := sha256.Sum256(strconv.AppendInt(r.AppendCanonical(nil), r.Index, 10))
	return hex.EncodeToString(sum[:hashSize])
}

// isLate reports whether the name of r's file is known only once its body has come.
func (t NameTemplate) isLate(r *fetch.Request) bool { return r.Path == "" && t.IsLate() }

// sharesFile reports whether requests with equal bodies share one file: their name is made of sha256 by the template.
func (t NameTemplate) sharesFile(r *fetch.Request) bool { return r.Path == "" && t.has("sha256") }

// places returns the folder of the part of r, and the name for its body; empty where that is late.
func (t NameTemplate) places(r *fetch.Request) (folder, name string, err error) {
	if name, err = t.name(r, placeholder); err != nil {
		return "", "", err
	}
	if t.isLate(r) {
		return ".", "", nil
	}
	return folderOf(name), name, nil
}

// folderOf is path.Dir of a name that checkName passes, and takes less time.
func folderOf(name string) string {
	if slash := strings.LastIndexByte(name, '/'); slash >= 0 {
		return name[:slash]
	}
	return "."
}
