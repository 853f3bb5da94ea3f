package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
)

// connections is how many browsers each server has, each with a session: with
// one alone, most of what is measured is a process that falls asleep.
const connections = 8

// A browser is one open connection and one cookie.
type browser struct {
	conn   net.Conn
	in     *bufio.Reader
	cookie string
}

func open(addr string) (*browser, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	b := &browser{conn: conn, in: bufio.NewReader(conn)}
	header, err := b.get(b.request("/sign"))
	cookie, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
	b.cookie = cookie
	return b, err
}

// headers are what a browser sends with a page's request beside its cookie.
const headers = "Host: localhost\r\n" +
	"Connection: keep-alive\r\n" +
	"Upgrade-Insecure-Requests: 1\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
	"Sec-Fetch-Site: same-origin\r\n" +
	"Sec-Fetch-Mode: navigate\r\n" +
	"Sec-Fetch-User: ?1\r\n" +
	"Sec-Fetch-Dest: document\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Accept-Language: en-GB,en;q=0.9\r\n"

// request returns a request as it goes over the wire.
func (b *browser) request(path string) []byte {
	cookie := ""
	if b.cookie != "" {
		cookie = "Cookie: " + b.cookie + "\r\n"
	}
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\n%s%s\r\n", path, headers, cookie)
}

// get makes one request and reads its answer, with net/http.
func (b *browser) get(request []byte) (http.Header, error) {
	if _, err := b.conn.Write(request); err != nil {
		return nil, err
	}
	answer, err := http.ReadResponse(b.in, nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, errors.New(answer.Status)
	}
	return answer.Header, nil
}

// repeat makes n requests, one after the other. It reads no more of the
// answers than it must, since the client's time is not measured but shared.
func (b *browser) repeat(path string, n int) error {
	request := b.request(path)
	for range n {
		if _, err := b.conn.Write(request); err != nil {
			return err
		}
		if err := b.skipAnswer(); err != nil {
			return err
		}
	}
	return nil
}

// skipAnswer reads an answer with a body of two bytes, as all of them have.
func (b *browser) skipAnswer() error {
	for first := true; ; first = false {
		line, err := b.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !strings.HasPrefix(string(line), "HTTP/1.1 200 ") {
			return fmt.Errorf("answered %q", line)
		}
		if len(line) == len("\r\n") {
			_, err := b.in.Discard(len("ok"))
			return err
		}
	}
}

// load makes n requests in all, from all browsers at once.
func load(all []*browser, path string, n int) error {
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, b := range all {
		wg.Go(func() { errs[i] = b.repeat(path, n/len(all)) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
