package fetch

import (
	"net/http"
	"strconv"
	"testing"
)

// TestConditionsThatFail checks that a server that fails at the validators of a stored response is asked once more
// without them, in the same attempt, and that its new response is stored.
func TestConditionsThatFail(t *testing.T) {
	for _, code := range []int{200, 204, 206, 302, 400, 401, 403, 404, 412, 416, 500, 501, 503} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			withCacheRig(t, func(rig *cacheRig) {
				rig.setTagged("/x", `"1"`, "one")
				rig.want(1, "miss 200 one", nil, "/x")
				works := rig.pages["/x"]
				rig.pages["/x"] = func(r *http.Request) *http.Response {
					if r.Header["If-None-Match"] != nil {
						return withDate(newResponse(code, "", "Content-Length", "0"))
					}
					return works(r)
				}
				rig.want(2, "miss 200 one", nil, "/x")
				rig.pages["/x"] = works
				rig.want(1, "revalidated 200 one", nil, "/x")
			})
		})
	}
	withCacheRig(t, func(rig *cacheRig) { // a page that fails in any case is asked for twice, and one that is gone too
		rig.setTagged("/x", `"1"`, "one")
		rig.want(1, "miss 200 one", nil, "/x")
		rig.setPage("/x", 404, "")
		rig.want(2, "status", nil, "/x")
	})
	withCacheRig(t, func(rig *cacheRig) { // a page that has moved is asked for twice, the other is validated
		rig.setTagged("/x", `"1"`, "one")
		rig.setTagged("/y", `"2"`, "two")
		rig.want(2, "miss 200 one; miss 200 two", nil, "/x", "/y")
		rig.setPage("/x", 302, "", "Location", "/y")
		rig.want(3, "revalidated 200 two", nil, "/x")
	})
	withCacheRig(t, func(rig *cacheRig) { // an empty page that stays so is asked for once
		rig.setPage("/x", 200, "", "Etag", `"1"`, "Content-Length", "0")
		rig.want(1, "miss 200 ", nil, "/x")
		rig.want(1, "miss 200 ", nil, "/x")
	})
}
