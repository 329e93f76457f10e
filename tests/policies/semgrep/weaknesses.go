// Each "want" names the rule that must find the next line, and no other line may be found.
package planted

// want: go-profiler-exposed
import (
	"crypto/des"
	"crypto/md5"
	"crypto/sha256"
	"crypto/tls"
	"database/sql"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	_ "net/http/pprof"
	"os"
	"os/exec"
	"path/filepath"
	"text/template"
	"time"
)

// want: go-credential-in-code
const databasePassword = "hunter2-hunter2"

const passwordVariable = "PASSWORD"

type settings struct{ APIKey, Name string }

func credentials() settings {
	placeholder := settings{APIKey: "${API_KEY}", Name: "orders-service"}
	_ = placeholder
	// want: go-credential-in-code
	return settings{APIKey: "k-0123456789abcdef", Name: "orders"}
}

func queries(db *sql.DB, name string) {
	// want: go-sql-built-from-text
	db.Query("SELECT id FROM orders WHERE name = '" + name + "'")
	statement := fmt.Sprintf("DELETE FROM orders WHERE name = '%s'", name)
	// want: go-sql-built-from-text
	db.Exec(statement)
	db.Query("SELECT id FROM orders WHERE name = $1", name)
	db.Query("SELECT id" + " FROM orders")
	fmt.Println(fmt.Sprintf("delete %s from cache", name))
}

func commands(program, argument string) {
	// want: go-command-from-variable
	exec.Command(program, "-v").Run()
	// want: go-command-from-variable
	exec.Command("sh", "-c", "echo "+argument).Run()
	exec.Command("git", "log", argument).Run()
	exec.Command("sh", "-c", "echo fixed").Run()
}

func transport() *tls.Config {
	good := &tls.Config{MinVersion: tls.VersionTLS13}
	// want: go-tls-version-too-old
	old := &tls.Config{MinVersion: tls.VersionTLS10}
	// want: go-tls-not-verified
	old.InsecureSkipVerify = true
	_ = good
	// want: go-tls-not-verified
	return &tls.Config{InsecureSkipVerify: true}
}

func hashes(data, key []byte) {
	// want: go-weak-hash
	md5.Sum(data)
	sha256.Sum256(data)
	// want: go-weak-cipher
	des.NewCipher(key)
}

func servers(handler http.Handler) {
	// want: go-server-without-timeouts
	http.ListenAndServe(":8080", handler)
	// want: go-server-without-timeouts
	slow := &http.Server{Addr: ":8081", Handler: handler}
	fast := &http.Server{Addr: ":8082", ReadHeaderTimeout: time.Second}
	slow.ListenAndServe()
	fast.ListenAndServe()
}

func files(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("name")
	// want: go-path-from-request
	os.Open(filepath.Join("/srv/menus", name))
	os.Open(filepath.Join("/srv/menus", filepath.Base(name)))
	// want: go-body-read-without-limit
	io.ReadAll(r.Body)
}

func limited(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	io.ReadAll(r.Body)
}

func page(w http.ResponseWriter, name string) {
	// want: go-text-template-to-browser
	template.Must(template.New("page").Parse("<p>{{.}}")).Execute(w, name)
	template.Must(template.New("mail").Parse("Dear {{.}}")).Execute(os.Stdout, name)
}

func newSessionToken() int {
	// want: go-guessable-secret
	return rand.Int()
}

func dice() int { return rand.Intn(6) }

func fetch(w http.ResponseWriter, r *http.Request) {
	// want: go-request-to-given-address
	http.Get(r.URL.Query().Get("callback"))
	http.Get("http://menu/items")
}

func cookies(w http.ResponseWriter) {
	// want: go-cookie-without-protection
	http.SetCookie(w, &http.Cookie{Name: "session", Value: "x"})
	http.SetCookie(w, &http.Cookie{Name: "session", Value: "x", HttpOnly: true, Secure: true})
}
