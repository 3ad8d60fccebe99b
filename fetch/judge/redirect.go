package judge

import "net/http"

// isFollowed reports whether a response is a redirect that is followed.
func (p *Policy) isFollowed(a *Answer) bool {
	return IsRedirect(a.Status) && p.MaxRedirects > 0 && a.Header.Get("Location") != ""
}

// IsRedirect reports whether a status is one of the redirects that are followed: 301, 302, 303, 307 and 308 (RFC 9110
// section 15.4). 300, 304 and 305 are not.
func IsRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}
