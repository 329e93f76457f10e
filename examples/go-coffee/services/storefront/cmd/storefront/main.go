// Command storefront runs the storefront service. It is configured by its environment.
package main

import (
	"os"

	"example.com/go-coffee/libs/platform/service"
	"example.com/go-coffee/services/storefront/internal/storefront"
)

func main() {
	os.Exit(service.Main(storefront.Definition))
}
