// Package mail is the output binding Almanac sends its mail through, registered as
// bindings.smtp. It takes the metadata of Dapr's own SMTP binding and adds three things
// to a request: messageId, by which a repeated send is recognisable as the same mail,
// contentType (text/plain unless given), and html, the same mail for readers that show
// HTML. Calls share nothing but the settings, and end when their context ends.
package mail

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"reflect"
	"strconv"
	"strings"

	"github.com/dapr/components-contrib/bindings"
	"github.com/dapr/components-contrib/metadata"
	"github.com/dapr/kit/logger"
	kitmd "github.com/dapr/kit/metadata"
	gomail "github.com/wneessen/go-mail"
)

// implicitTLSPort is submission over TLS from the first byte (RFC 8314, section 3.3).
const implicitTLSPort = 465

// settings are the component's metadata; the mail fields may be given per request instead.
type settings struct {
	Host          string `mapstructure:"host"`
	Port          int    `mapstructure:"port"`
	User          string `mapstructure:"user"`
	Password      string `mapstructure:"password"`
	SkipTLSVerify bool   `mapstructure:"skipTLSVerify"`
	EmailFrom     string `mapstructure:"emailFrom"`
	EmailTo       string `mapstructure:"emailTo"`
	EmailCC       string `mapstructure:"emailCC"`
	EmailBCC      string `mapstructure:"emailBCC"`
	Subject       string `mapstructure:"subject"`
	Priority      string `mapstructure:"priority"`
}

// Binding sends one mail for each create request.
type Binding struct {
	settings settings
}

// New is the constructor Dapr's registry asks for.
func New(logger.Logger) bindings.OutputBinding { return &Binding{} }

// Init reads the component's metadata.
func (b *Binding) Init(_ context.Context, meta bindings.Metadata) error {
	if err := kitmd.DecodeMetadata(meta.Properties, &b.settings); err != nil {
		return err
	}
	if b.settings.Host == "" || b.settings.Port == 0 {
		return errors.New("smtp: host and port are required")
	}
	if (b.settings.User == "") != (b.settings.Password == "") {
		return errors.New("smtp: user and password go together")
	}
	return nil
}

// Operations lists what Invoke accepts.
func (b *Binding) Operations() []bindings.OperationKind {
	return []bindings.OperationKind{bindings.CreateOperation}
}

// Invoke sends one mail and returns once the server has accepted or refused it.
func (b *Binding) Invoke(ctx context.Context, req *bindings.InvokeRequest) (*bindings.InvokeResponse, error) {
	message, err := b.compose(req)
	if err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	// Ends this call's connection with the call.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := b.client(ctx)
	if err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	err = client.DialAndSendWithContext(ctx, message)
	// Accepted is accepted: a connection that breaks after that must not cause a second mail.
	if err != nil && !message.IsDelivered() {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	return nil, nil
}

// compose makes the message of a request over the component's defaults.
func (b *Binding) compose(req *bindings.InvokeRequest) (*gomail.Msg, error) {
	for key, value := range req.Metadata {
		if strings.ContainsAny(value, "\r\n\x00") {
			return nil, fmt.Errorf("%s contains a line break", key)
		}
	}
	pick := func(key, preset string) string {
		if value := req.Metadata[key]; value != "" {
			return value
		}
		return preset
	}
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	addresses := []struct {
		header   gomail.AddrHeader
		key      string
		preset   string
		required bool
	}{
		{gomail.HeaderFrom, "emailFrom", b.settings.EmailFrom, true},
		{gomail.HeaderTo, "emailTo", b.settings.EmailTo, true},
		{gomail.HeaderCc, "emailCC", b.settings.EmailCC, false},
		{gomail.HeaderBcc, "emailBCC", b.settings.EmailBCC, false},
	}
	for _, address := range addresses {
		list := pick(address.key, address.preset)
		if list == "" && address.required {
			return nil, fmt.Errorf("%s is required", address.key)
		}
		if list == "" {
			continue
		}
		if err := message.SetAddrHeader(address.header, strings.Split(list, ";")...); err != nil {
			return nil, fmt.Errorf("%s: %w", address.key, err)
		}
	}
	subject := pick("subject", b.settings.Subject)
	if subject == "" {
		return nil, errors.New("subject is required")
	}
	message.Subject(subject)
	if id := strings.Trim(req.Metadata["messageId"], "<>"); id != "" {
		if strings.ContainsAny(id, " \t<>") || !strings.Contains(id, "@") {
			return nil, errors.New("messageId is not an RFC 5322 msg-id")
		}
		message.SetMessageIDWithValue(id)
	}
	if priority := pick("priority", b.settings.Priority); priority != "" {
		if n, err := strconv.Atoi(priority); err != nil || n < 1 || n > 5 {
			return nil, errors.New("priority is a number from 1 (highest) to 5")
		}
		message.SetGenHeader("X-Priority", priority)
	}
	contentType := gomail.ContentType(pick("contentType", string(gomail.TypeTextPlain)))
	if contentType != gomail.TypeTextPlain && contentType != gomail.TypeTextHTML {
		return nil, errors.New("contentType is text/plain or text/html")
	}
	message.SetBodyString(contentType, body(req.Data))
	if html := req.Metadata["html"]; html != "" {
		message.AddAlternativeString(gomail.TypeTextHTML, html)
	}
	return message, nil
}

// body is the text of a request: Dapr's HTTP API hands a JSON string over as it came
// in, quotes included; its gRPC API hands over the bytes.
func body(data []byte) string {
	var text string
	if json.Unmarshal(data, &text) == nil {
		return text
	}
	return string(data)
}

// client is a new connection's settings; ctx ends the connection whatever it waits for.
func (b *Binding) client(ctx context.Context) (*gomail.Client, error) {
	implicitTLS := b.settings.Port == implicitTLSPort
	// #nosec G402 -- skipping verification is the operator's choice.
	config := &tls.Config{ServerName: b.settings.Host, InsecureSkipVerify: b.settings.SkipTLSVerify}
	dial := func(dialCtx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(dialCtx, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		if implicitTLS {
			return tls.Client(conn, config), nil
		}
		return conn, nil
	}
	options := []gomail.Option{
		gomail.WithPort(b.settings.Port),
		gomail.WithTLSPolicy(gomail.TLSOpportunistic),
		gomail.WithTLSConfig(config),
		gomail.WithDialContextFunc(dial),
	}
	if implicitTLS {
		options = append(options, gomail.WithSSL())
	}
	if b.settings.User != "" {
		auth := gomail.SMTPAuthAutoDiscover
		if implicitTLS {
			auth = gomail.SMTPAuthPlain
		}
		options = append(options, gomail.WithSMTPAuth(auth),
			gomail.WithUsername(b.settings.User), gomail.WithPassword(b.settings.Password))
	}
	return gomail.NewClient(b.settings.Host, options...)
}

// GetComponentMetadata lists the metadata names the component knows.
func (b *Binding) GetComponentMetadata() (info metadata.MetadataMap) {
	_ = metadata.GetMetadataInfoFromStructType(reflect.TypeOf(settings{}), &info, metadata.BindingType)
	return info
}

// Close has nothing to release: connections end with their calls.
func (b *Binding) Close() error { return nil }
