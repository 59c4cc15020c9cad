// Command daprd is Dapr's own sidecar with the two components Almanac needs that
// Dapr's stable set leaves out: mail, by a binding of our own, and name resolution by
// a SQLite file, which stays on the loopback interface where mDNS would multicast.
package main

import (
	"almanac/dapr/runtime/mail"

	"github.com/dapr/components-contrib/nameresolution/sqlite"
	"github.com/dapr/dapr/cmd/daprd/app"
	"github.com/dapr/dapr/pkg/components/bindings"
	"github.com/dapr/dapr/pkg/components/nameresolution"
)

func main() {
	bindings.DefaultRegistry.RegisterOutputBinding(mail.New, "smtp")
	nameresolution.DefaultRegistry.RegisterComponent(sqlite.NewResolver, "sqlite")
	app.Run()
}
