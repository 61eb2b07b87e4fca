package main

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
)

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{"1GiB": 1 << 30, "256MiB": 256 << 20, "4KiB": 4096, "17": 17, "17B": 17} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
		if text != "17" && formatSize(want) != text && text != "17B" {
			t.Errorf("%d is written %s", want, formatSize(want))
		}
	}
	for _, text := range []string{"", "MiB", "-1", "1MB", "1.5GiB", "9999999999GiB", "0x10", "1 MiB"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	right := testSettings(t)
	right.FromDRBD = netip.MustParseAddrPort("127.0.0.1:7789")
	right.ToDRBD = netip.MustParseAddrPort("[::1]:7788")
	right.Line = netip.MustParseAddrPort("[fd00::1]:7790")
	right.Peer = netip.MustParseAddrPort("[fe80::2%eth0]:7790")
	if err := right.Check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Settings){
		"resource":          func(s *Settings) { s.Resource = "a b" },
		"from-drbd":         func(s *Settings) { s.FromDRBD = netip.MustParseAddrPort("10.0.0.1:7789") },
		"to-drbd":           func(s *Settings) { s.ToDRBD = netip.AddrPort{} },
		"line":              func(s *Settings) { s.Line = netip.MustParseAddrPort("0.0.0.0:7790") },
		"peer":              func(s *Settings) { s.Peer = netip.MustParseAddrPort("10.0.0.1:0") },
		"the same address":  func(s *Settings) { s.ToDRBD = s.FromDRBD },
		"buffer":            func(s *Settings) { s.Buffer = 1000 },
		"window":            func(s *Settings) { s.Window = 1 << 40 },
		"streams":           func(s *Settings) { s.Streams = 0 },
		"dead-after":        func(s *Settings) { s.DeadAfter = 0 },
		"runtime-directory": func(s *Settings) { s.RuntimeDirectory = "" },
	} {
		wrong := right
		change(&wrong)
		if err := wrong.Check(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDifferencesAreNamed(t *testing.T) {
	ours := testSettings(t)
	theirs := ours
	theirs.Buffer, theirs.Compress = 1<<30, true
	told := Differences(ours.Agreed(), theirs.Agreed())
	if told != "buffer is 8388608 here and 1073741824 there, compress is none here and zstd there" {
		t.Error(told)
	}
	if Differences(ours.Agreed(), ours.Agreed()) != "" {
		t.Error("the same settings differ")
	}
	if Differences(ours.Agreed(), ours.Agreed()+" new=1") == "" {
		t.Error("a setting that is not known here is no difference")
	}
}

func TestCommandLine(t *testing.T) {
	var out, complaint bytes.Buffer
	if command([]string{"--help"}, &out, &complaint) != 0 || !strings.Contains(out.String(), "-buffer SIZE") {
		t.Error(out.String())
	}
	out.Reset()
	if command([]string{"--version"}, &out, &complaint) != 0 || !strings.HasPrefix(out.String(), "drbd-relay ") {
		t.Error(out.String())
	}
	for _, wrong := range [][]string{nil, {"what"}, {"run", "--buffer", "lots"}, {"run", "--resource", "r0"}, {"status"}} {
		if code := command(wrong, &out, &complaint); code != 2 {
			t.Errorf("%q: exit %d", wrong, code)
		}
	}
	if code := command([]string{"status", "--runtime-directory", t.TempDir()}, &out, &complaint); code != 1 {
		t.Errorf("no relay: exit %d", code)
	}
}

func TestCountersAsLinesAndOverTheSocket(t *testing.T) {
	p := newPair(t, testSettings(t))
	here, there := p.connect(0)
	here.Write([]byte("12345"))
	there.Read(make([]byte, 5))
	directory := t.TempDir()
	if err := p.relays[0].ServeCounters(directory); err != nil {
		t.Fatal(err)
	}
	var out, complaint bytes.Buffer
	if command([]string{"status", "--runtime-directory", directory}, &out, &complaint) != 0 {
		t.Fatal(complaint.String())
	}
	for _, line := range []string{"resource=r0\n", "state=running\n", "taken_bytes=5\n", "connections=1\n", "peer=ok\n", "seconds_to_drain="} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("no %q in\n%s", line, out.String())
		}
	}
	out.Reset()
	if command([]string{"status", "--json", "--runtime-directory", directory}, &out, &complaint) != 0 || !strings.Contains(out.String(), `"connection_list": [`) {
		t.Error(out.String())
	}
}
