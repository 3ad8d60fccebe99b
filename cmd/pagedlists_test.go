package cmd_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// pagedLists adds /list/N/PAGE, page PAGE of N. Each names the next one in a Link, relative, and at /links/next of its
// body, absolute; the last one names that of ?then=URL, or page ?loop. Its body tells which secrets have come with the
// request. With ?fail=PAGE that page fails at first, with ?hold=PAGE it waits for the gate of the list's N. ?text makes
// the bodies text. The page /ring is followed by itself. /cursors/N has pages by ?cursor=, as Slack and Google have:
// page PAGE of N names the next cursor, the number of the next page, and a link to it in a list, as STAC has.
// /counted/N has N elements, ?limit of them from ?offset, page ?page, or behind ?after on, and names no page; with
// ?deaf it has always the first ones.
// /wiki/N continues as MediaWiki does: ?part=2 of a page, then the next ?page without it; with ?fail=PAGE that part
// fails at first.
//
// /odata/Authors(1)/books has links that are relative to the URL of its context, as @sap/cds 9.9.3 has.
func (o *origin) pagedLists(mux *http.ServeMux) {
	mux.HandleFunc("/odata/Authors(1)/books", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("$skiptoken") == "3" {
			write(w, `{"@odata.context":"../$metadata#Books","value":[4,5]}`)
			return
		}
		write(w, `{"@odata.context":"../$metadata#Books","@odata.nextLink":"Authors(1)/books?%24skiptoken=3","value":[1]}`)
	})
	mux.HandleFunc("/ring", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "<#next>; rel=next")
		w.Header().Set("Content-Type", "application/json")
		write(w, `{"links":{"next":"ring"}}`)
	})
	mux.HandleFunc("/cursors/{n}", func(w http.ResponseWriter, r *http.Request) {
		page := 1
		_, _ = fmt.Sscanf(r.URL.Query().Get("cursor"), "a+/=&%d", &page) // the first page has none
		links := []map[string]string{{"href": r.RequestURI, "rel": "self"}}
		body := map[string]any{"page": page, "limit": r.URL.Query().Get("limit"), "cursor": "", "number": nil}
		if page < number(r, "n") {
			body["cursor"], body["number"] = fmt.Sprintf("a+/=&%d", page+1), page+1
			to := url.Values{"cursor": {fmt.Sprintf("a+/=&%d", page+1)}}
			links = append([]map[string]string{{"href": "?" + to.Encode(), "rel": "next"}}, links...)
		}
		body["links"] = links
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(body) // the client may have left
	})
	mux.HandleFunc("/counted/{n}", func(w http.ResponseWriter, r *http.Request) {
		query, items := r.URL.Query(), []int{}
		limit, _ := strconv.Atoi(query.Get("limit"))
		offset, _ := strconv.Atoi(query.Get("offset"))
		if page, err := strconv.Atoi(query.Get("page")); err == nil {
			offset = (page - 1) * limit
		}
		if after, err := strconv.Atoi(query.Get("after")); err == nil {
			offset = after + 1
		}
		if query.Has("deaf") {
			offset = 0
		}
		for i := offset; i < min(offset+limit, number(r, "n")); i++ {
			items = append(items, i)
		}
		var body any = items
		if query.Has("offset") {
			body = map[string]any{"items": items, "total_count": number(r, "n")}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(body) // the client may have left
	})
	mux.HandleFunc("/wiki/{n}", func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		page, _ := strconv.Atoi(query.Get("page")) // the first page has none
		body := map[string]any{"seen": r.URL.RawQuery}
		switch {
		case query.Has("part") && query.Get("fail") == strconv.Itoa(page) && o.firstTime(r):
			w.WriteHeader(http.StatusInternalServerError)
			return
		case !query.Has("part"):
			body["continue"] = map[string]any{"part": "2|a", "page": page}
		case page+1 < number(r, "n"):
			body["continue"] = map[string]any{"page": page + 1}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(body) // the client may have left
	})
	mux.HandleFunc("/forum/{n}", func(w http.ResponseWriter, r *http.Request) { // HTML, relative to its base
		page, next := 1, ""
		_, _ = fmt.Sscanf(r.URL.Query().Get("page"), "%d", &page) // the first page has none
		if page < number(r, "n") {
			next = fmt.Sprintf("<a class='button' rel='nofollow next' href='forum/%d?page=%d&amp;x'>", number(r, "n"), page+1)
		}
		w.Header().Set("Content-Type", "text/html")
		write(w, "<!DOCTYPE html><base href='/'><a rel=prev href=/no>"+next)
	})
	mux.HandleFunc("/oai", func(w http.ResponseWriter, r *http.Request) { // OAI-PMH: its token is exclusive, 2 has expired
		w.Header().Set("Content-Type", "text/xml")
		query := r.URL.Query()
		switch token := query.Get("resumptionToken"); {
		case token == "2", token != "" && len(query) > 2:
			write(w, "<OAI-PMH><request/><error code='badResumptionToken'>it has expired</error></OAI-PMH>")
		case token == "1":
			write(w, "<OAI-PMH><ListRecords><record/><resumptionToken/></ListRecords></OAI-PMH>")
		default:
			token = cmp.Or(query.Get("set"), "1")
			write(w, "<OAI-PMH><ListRecords><record/><resumptionToken>"+token+"</resumptionToken></ListRecords></OAI-PMH>")
		}
	})
	mux.HandleFunc("/graphql/{n}", func(w http.ResponseWriter, r *http.Request) { // pages by a cursor in the body
		var sent struct {
			Query     string
			Variables struct{ After []int }
		}
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil || r.Header.Get("Content-Type") != "application/json" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		page := len(sent.Variables.After) + 1 // a cursor that is no text: [], [1], [1,2]
		if r.URL.Query().Get("fail") == strconv.Itoa(page) && o.firstTime(r) {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		cursor := sent.Variables.After
		if !r.URL.Query().Has("deaf") {
			cursor = append(cursor, page)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"query": sent.Query, "after": sent.Variables.After, "cursor": cursor,
			"method": r.Method, "key": r.Header.Get("X-Key"), "more": page < number(r, "n")}) // the client may have left
	})
	mux.HandleFunc("/bucket/{n}", func(w http.ResponseWriter, r *http.Request) { // as S3 lists objects
		page, next := 1, ""
		_, _ = fmt.Sscanf(r.URL.Query().Get("continuation-token"), "a+/=&%d", &page) // the first page has none
		if page < number(r, "n") {
			next = fmt.Sprintf("<NextContinuationToken>a+/=&amp;%d</NextContinuationToken>", page+1)
		}
		w.Header().Set("Content-Type", "application/xml")
		write(w, fmt.Sprintf("<ListBucketResult><Contents><Key>k%d</Key></Contents>%s</ListBucketResult>", page, next))
	})
	mux.HandleFunc("/list/{n}/{page}", func(w http.ResponseWriter, r *http.Request) {
		n, page, query := number(r, "n"), number(r, "page"), r.URL.Query()
		if query.Get("hold") == strconv.Itoa(page) && !o.wait(r, o.gate("list"+strconv.Itoa(n))) {
			return
		}
		if query.Get("fail") == strconv.Itoa(page) && o.firstTime(r) {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		body := map[string]any{"page": page, "method": r.Method,
			"secrets": r.Header.Get("Authorization") + r.Header.Get("Cookie") + r.Header.Get("X-Key") +
				r.Header.Get("X-Mark")}
		next := query.Get("then")
		following := page + 1
		if page == n {
			following, _ = strconv.Atoi(query.Get("loop")) // 0 where there is none
		}
		if following > 0 {
			to := url.URL{Path: fmt.Sprintf("/list/%d/%d", n, following), RawQuery: r.URL.RawQuery}
			next = to.String()
		}
		links := map[string]any{"self": r.RequestURI, "next": nil}
		if next != "" {
			w.Header().Add("Link", `</list/1/1>; rel="first", <`+next+`>; rel="next"; title="a, b"`)
			links["next"] = next
			if page < n {
				links["next"] = "http://" + r.Host + next
			}
		}
		body["links"] = links
		w.Header().Set("Content-Type", "application/json")
		if query.Has("text") {
			w.Header().Set("Content-Type", "text/plain")
			plain(w, "no JSON\n")
			return
		}
		w.Header()["Cache-Control"] = query["cc"]
		_ = json.NewEncoder(w).Encode(body) // the client may have left
	})
}

// firstTime reports whether this is the first request for its URL.
func (o *origin) firstTime(r *http.Request) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tries[r.RequestURI]++
	return o.tries[r.RequestURI] == 1
}
