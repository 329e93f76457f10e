// Package buildinfo says which build of a service is running.
package buildinfo

import "runtime"

// Version and Revision are set by the linker:
//
//	go build -ldflags "-X example.com/go-coffee/libs/platform/buildinfo.Version=1.4.0"
var (
	Version  = "dev"
	Revision = "unknown"
)

// Info identifies one build of one service.
type Info struct {
	Service  string `json:"service"`
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Go       string `json:"go"`
}

// For returns the build information of the named service.
func For(service string) Info {
	return Info{Service: service, Version: Version, Revision: Revision, Go: runtime.Version()}
}
