package cache_test

import (
	"testing"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/nettest"
)

// TestRedisTakesNoWrites checks that entries are found in a server that accepts no writes, as a replica or one whose
// disk is full.
func TestRedisTakesNoWrites(t *testing.T) {
	server := nettest.StartRedis(t, "")
	s := openRedis(t, "redis://127.0.0.1:"+server.Port, cache.RedisSettings{})
	if err := cache.Write(t.Context(), s, cache.Key{1}, &cache.Entry{Status: 301}); err != nil {
		t.Fatal(err)
	}
	if err := server.Client(t, 0).ConfigSet(t.Context(), "min-replicas-to-write", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if err := cache.Write(t.Context(), s, cache.Key{2}, &cache.Entry{Status: 301}); err == nil {
		t.Error("the server takes writes")
	}
	if found, err := s.Get(t.Context(), cache.Key{1}); err != nil || found == nil {
		t.Errorf("%v, %v", found, err)
	}
}

// TestRedisKeyOfAnotherType checks that a value of another type under one of our keys is no entry, and is overwritten.
func TestRedisKeyOfAnotherType(t *testing.T) {
	server := nettest.StartRedis(t, "")
	s := openRedis(t, "redis://127.0.0.1:"+server.Port, cache.RedisSettings{})
	if err := cache.Write(t.Context(), s, cache.Key{1}, &cache.Entry{Status: 301}); err != nil {
		t.Fatal(err)
	}
	client := server.Client(t, 0)
	name := client.Keys(t.Context(), "*").Val()[0]
	client.Del(t.Context(), name)
	if err := client.LPush(t.Context(), name, "x").Err(); err != nil {
		t.Fatal(err)
	}
	if found, err := s.Get(t.Context(), cache.Key{1}); err != nil || found != nil {
		t.Errorf("%v, %v", found, err)
	}
	if err := s.Refresh(t.Context(), cache.Key{1}, &cache.Entry{Status: 301}); err != nil {
		t.Error(err)
	}
	if err := cache.Write(t.Context(), s, cache.Key{1}, &cache.Entry{Status: 301}); err != nil {
		t.Error(err)
	}
	if found, err := s.Get(t.Context(), cache.Key{1}); err != nil || found == nil {
		t.Errorf("%v, %v", found, err)
	}
}
