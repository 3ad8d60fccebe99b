package cmd_test

import "net/http"

// digestPages adds /digested, which answers ?text=… with ?value=… in the header ?field=…, the first time with another
// text where there is ?damaged.
func (o *origin) digestPages(mux *http.ServeMux) {
	mux.HandleFunc("/digested", func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		w.Header().Set(query.Get("field"), query.Get("value"))
		if query.Has("damaged") && o.firstTime(r) {
			plain(w, "damaged")
			return
		}
		plain(w, query.Get("text"))
	})
}
