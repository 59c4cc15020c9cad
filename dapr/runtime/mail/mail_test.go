package mail

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dapr/components-contrib/bindings"
	"github.com/dapr/components-contrib/metadata"
	"github.com/dapr/kit/logger"
)

// mailbox is an SMTP server that keeps what it receives; with hang it greets and falls silent.
type mailbox struct {
	listener net.Listener
	hang     bool
	dropQuit bool

	mu    sync.Mutex
	mails []*mail.Message
	texts []string
}

func openMailbox(t *testing.T, box *mailbox) *mailbox {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	box.listener = listener
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go box.serve(conn)
		}
	}()
	return box
}

func (m *mailbox) serve(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewReader(conn)
	fmt.Fprint(conn, "220 mailbox\r\n")
	if m.hang {
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.Fields(line + " .")[0]); verb {
		case "DATA":
			fmt.Fprint(conn, "354 go on\r\n")
			m.keep(lines)
			fmt.Fprint(conn, "250 kept\r\n")
			if m.dropQuit {
				return
			}
		case "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return
		default:
			fmt.Fprint(conn, "250 ok\r\n")
		}
	}
}

func (m *mailbox) keep(lines *bufio.Reader) {
	var raw strings.Builder
	for {
		line, err := lines.ReadString('\n')
		if err != nil || line == ".\r\n" {
			break
		}
		raw.WriteString(line)
	}
	message, err := mail.ReadMessage(strings.NewReader(raw.String()))
	if err != nil {
		panic(err)
	}
	text, _ := io.ReadAll(message.Body)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, message)
	m.texts = append(m.texts, strings.TrimSpace(string(text)))
}

func (m *mailbox) binding(t *testing.T) bindings.OutputBinding {
	t.Helper()
	binding := New(logger.NewLogger("test"))
	host, port, _ := net.SplitHostPort(m.listener.Addr().String())
	err := binding.Init(t.Context(), bindings.Metadata{Base: metadata.Base{Properties: map[string]string{
		"host": host, "port": port, "emailFrom": "Almanac <almanac@example.org>",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return binding
}

func request(text string, meta map[string]string) *bindings.InvokeRequest {
	return &bindings.InvokeRequest{Operation: bindings.CreateOperation, Data: []byte(text), Metadata: meta}
}

func TestSendsPlainTextUnderTheGivenMessageID(t *testing.T) {
	box := openMailbox(t, &mailbox{})
	_, err := box.binding(t).Invoke(t.Context(), request(`"Hello\nthere"`, map[string]string{
		"emailTo": "ada@example.org;bob@example.org", "subject": "Grüße", "messageId": "<1@almanac>",
	}))
	if err != nil {
		t.Fatal(err)
	}
	header := box.mails[0].Header
	for name, want := range map[string]string{
		"Message-Id": "<1@almanac>", "To": "<ada@example.org>, <bob@example.org>",
		"From": `"Almanac" <almanac@example.org>`, "Content-Type": "text/plain; charset=UTF-8",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if box.texts[0] != "Hello\r\nthere" {
		t.Errorf("body %q", box.texts[0])
	}
}

func TestHTMLGoesBesideTheText(t *testing.T) {
	box := openMailbox(t, &mailbox{})
	_, err := box.binding(t).Invoke(t.Context(), request("Hello", map[string]string{
		"emailTo": "ada@example.org", "subject": "s", "html": "<p>Hello</p>",
	}))
	if err != nil {
		t.Fatal(err)
	}
	media, params, err := mime.ParseMediaType(box.mails[0].Header.Get("Content-Type"))
	if err != nil || media != "multipart/alternative" {
		t.Fatalf("%s, %v", media, err)
	}
	parts := multipart.NewReader(strings.NewReader(box.texts[0]), params["boundary"])
	for _, want := range []string{"Hello", "<p>Hello</p>"} {
		part, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := io.ReadAll(part); strings.TrimSpace(string(text)) != want {
			t.Errorf("part %q, want %q", text, want)
		}
	}
}

func TestConcurrentCallsShareNothing(t *testing.T) {
	box := openMailbox(t, &mailbox{})
	binding := box.binding(t)
	var calls sync.WaitGroup
	for i := range 50 {
		calls.Go(func() {
			n := strconv.Itoa(i)
			_, err := binding.Invoke(t.Context(), request(n, map[string]string{
				"emailTo": n + "@example.org", "subject": n, "messageId": n + "@almanac", "contentType": "text/html",
			}))
			if err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	if len(box.mails) != 50 {
		t.Fatalf("%d mails", len(box.mails))
	}
	for i, message := range box.mails {
		n := box.texts[i]
		to, subject, id := message.Header.Get("To"), message.Header.Get("Subject"), message.Header.Get("Message-Id")
		if to != "<"+n+"@example.org>" || subject != n || id != "<"+n+"@almanac>" {
			t.Errorf("mail %s has to %s, subject %s, id %s", n, to, subject, id)
		}
	}
}

func TestRefusesWhatCouldForgeAHeader(t *testing.T) {
	box := openMailbox(t, &mailbox{})
	binding := box.binding(t)
	for key, value := range map[string]string{
		"subject": "a\r\nBcc: eve@example.org", "emailTo": "a@example.org\nX: y", "messageId": "a@b\r\nX: y",
		"emailFrom": "a@example.org\rX: y", "contentType": "text/plain\r\nX: y", "priority": "1\nX: y",
	} {
		meta := map[string]string{"emailTo": "ada@example.org", "subject": "s"}
		meta[key] = value
		if _, err := binding.Invoke(t.Context(), request("text", meta)); err == nil {
			t.Errorf("%s was accepted", key)
		}
	}
	if len(box.mails) != 0 {
		t.Errorf("%d mails were sent", len(box.mails))
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	box := openMailbox(t, &mailbox{hang: true})
	binding := box.binding(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	started := time.Now()
	_, err := binding.Invoke(ctx, request("text", map[string]string{"emailTo": "ada@example.org", "subject": "s"}))
	if err == nil || time.Since(started) > 5*time.Second {
		t.Errorf("returned %v after %s", err, time.Since(started))
	}
}

func TestAnAcceptedMailIsASuccessThoughTheConnectionBreaks(t *testing.T) {
	box := openMailbox(t, &mailbox{dropQuit: true})
	_, err := box.binding(t).Invoke(t.Context(), request("text", map[string]string{"emailTo": "ada@example.org", "subject": "s"}))
	if err != nil || len(box.mails) != 1 {
		t.Errorf("%v with %d mails", err, len(box.mails))
	}
}
