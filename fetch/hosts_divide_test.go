package fetch

import "testing"

// TestDivideRates: runs that share the limits have their n-th part of each rate, also of hosts that share a quota, and
// the rules that they were made of are as they were.
func TestDivideRates(t *testing.T) {
	ten, four := 10.0, 4.0
	rules, err := NewHostRules([]HostRule{
		{Pattern: "a.test", HostSettings: HostSettings{Rate: &ten, Share: "both"}},
		{Pattern: "b.test", HostSettings: HostSettings{Rate: &four, Share: "both"}},
		{Pattern: "c.test", HostSettings: HostSettings{}},
		{Pattern: "a.test/api", HostSettings: HostSettings{Rate: &four}},
	})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Rate: 100, HostRate: 50, Hosts: rules}
	o.DivideRates(4)
	api, _ := o.Hosts.OfPath("https://a.test", "/api/x")
	if o.Rate != 25 || o.HostRate != 12.5 || *o.Hosts.Of("https://a.test").Rate != 2.5 || o.Hosts.rates["both"] != 1 ||
		o.Hosts.Of("https://c.test").Rate != nil || *api.Rate != 1 || *rules.Of("https://a.test").Rate != 10 {
		t.Errorf("%v, %v, %v", o.Rate, o.HostRate, o.Hosts.rates)
	}
	none := Options{Rate: 3}
	none.DivideRates(3)
	if none.Rate != 1 || none.Hosts != nil {
		t.Errorf("%v, %v", none.Rate, none.Hosts)
	}
}
