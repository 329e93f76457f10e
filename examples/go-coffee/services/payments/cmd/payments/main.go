// Command payments runs the payments service. It is configured by its environment.
package main

import (
	"os"

	"example.com/go-coffee/libs/platform/service"
	"example.com/go-coffee/services/payments/internal/payments"
)

func main() {
	os.Exit(service.Main(payments.Definition))
}
