// Command kitchen runs the kitchen service. It is configured by its environment.
package main

import (
	"os"

	"example.com/go-coffee/libs/platform/service"
	"example.com/go-coffee/services/kitchen/internal/kitchen"
)

func main() {
	os.Exit(service.Main(kitchen.Definition))
}
