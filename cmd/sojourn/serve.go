package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/sojourn-go/session/store"
)

// grace is how long requests under way may take when the demo is told to stop.
// Browsers open connections in advance, which count as well.
const grace = 3 * time.Second

const safariNote = `If your browser forgets you on every page: Safari may refuse Secure cookies over
http. The way out is "sojourn demo -insecure", on a loopback address.
`

// serve listens, says so, and serves the site until ctx is done.
func (d *demoFlags) serve(ctx context.Context, s *site, st store.Store, log *slog.Logger, std streams) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", d.addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "listening on %s\n", address(d.addr, ln.Addr()))
	if !d.insecure {
		fmt.Fprint(std.err, safariNote)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	srv := newServer(s.handler(), log)
	var background sync.WaitGroup
	if st != nil {
		background.Go(func() { sweep(ctx, st, log) })
	}
	background.Go(func() {
		<-ctx.Done()
		shutDown(srv, log)
	})
	err = srv.Serve(ln)
	cancel()
	background.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// sweepPeriod is how often expired sessions are cleared away.
const sweepPeriod = time.Minute

// sweep clears expired sessions away: no store starts a goroutine for that. A
// server that is down for a while does not end it.
func sweep(ctx context.Context, st store.Store, log *slog.Logger) {
	for {
		err := store.SweepEvery(ctx, st, sweepPeriod)
		if ctx.Err() != nil {
			return
		}
		log.Warn("expired sessions were not cleared away", "err", err, "next try in", sweepPeriod)
		select {
		case <-ctx.Done():
			return
		case <-time.After(sweepPeriod):
		}
	}
}

func shutDown(srv *http.Server, log *slog.Logger) {
	log.Info("stopping")
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		log.Info("closing the connections that are still open", "after", grace)
		_ = srv.Close()
	}
}

// address is what to type into a browser on this machine: the host as it was
// asked for, since cookies belong to a host's name, with the real port.
func address(asked string, got net.Addr) string {
	host, _, _ := net.SplitHostPort(asked)
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	_, port, _ := net.SplitHostPort(got.String())
	return "http://" + net.JoinHostPort(host, port)
}
