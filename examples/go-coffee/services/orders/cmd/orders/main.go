// Command orders runs the orders service. It is configured by its environment.
package main

import (
	"os"

	"example.com/go-coffee/libs/platform/service"
	"example.com/go-coffee/services/orders/internal/orders"
)

func main() {
	os.Exit(service.Main(orders.Definition))
}
