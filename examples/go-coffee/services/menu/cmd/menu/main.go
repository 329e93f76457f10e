// Command menu runs the menu service. It is configured by its environment.
package main

import (
	"os"

	"example.com/go-coffee/libs/platform/service"
	"example.com/go-coffee/services/menu/internal/menu"
)

func main() {
	os.Exit(service.Main(menu.Definition))
}
