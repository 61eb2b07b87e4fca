package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Log writes lines to the journal. It is bounded: what could come again and again is said once in a while.
type Log struct {
	to io.Writer

	mu   sync.Mutex
	last map[string]time.Time
}

// NewLog writes to this.
func NewLog(to io.Writer) *Log { return &Log{to: to, last: map[string]time.Time{}} }

func (l *Log) say(format string, values ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.to, format+"\n", values...)
}

// sayOnce says a thing of one kind at most once a minute.
func (l *Log) sayOnce(kind, format string, values ...any) {
	const every = time.Minute
	const kinds = 100
	l.mu.Lock()
	said, known := l.last[kind]
	if known && time.Since(said) < every {
		l.mu.Unlock()
		return
	}
	if len(l.last) >= kinds {
		clear(l.last)
	}
	l.last[kind] = time.Now()
	l.mu.Unlock()
	l.say(format, values...)
}
