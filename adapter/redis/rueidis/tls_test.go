package rueidis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store/nearcache"
	"github.com/sojourn-go/session/store/redisstore"
)

func TestRedissIsTLSWithACertificateThatIsTrusted(t *testing.T) {
	if _, err := redisserver.Find(); err != nil {
		t.Skip(err)
	}
	certFile, keyFile := selfSigned(t)
	secure := func(more ...string) (port string, s *redisserver.Server) {
		port = freePort(t)
		return port, own(t, append(more, "tls-port "+port, "tls-cert-file "+certFile, "tls-key-file "+keyFile,
			"tls-ca-cert-file "+certFile, "tls-auth-clients no")...)
	}
	port, _ := secure()
	wantTLS(t, "rediss://", port, certFile)
	for name, url := range map[string]string{
		"the system's certificates": "rediss://127.0.0.1:" + port,
		"the name of another host":  "rediss://localhost:" + port + "?tls_ca=" + certFile,
		"no TLS":                    "redis://127.0.0.1:" + port,
	} {
		if st, err := rueidis.Open(url, redisstore.Options{}); st != nil || err == nil {
			t.Errorf("Open with %s: got a store: %t, error %v", name, st != nil, err)
		}
		if st, err := rueidis.OpenCached(url, redisstore.Options{}, nearcache.Options{}); st != nil || err == nil {
			t.Errorf("OpenCached with %s: got a store: %t, error %v", name, st != nil, err)
		}
	}
	port, node := secure("cluster-enabled yes", "tls-cluster yes")
	_, err := node.Do("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
	must(t, err)
	eventually(t, "the cluster", func() bool {
		info, err := node.Do("CLUSTER", "INFO")
		must(t, err)
		return strings.Contains(info.(string), "cluster_state:ok")
	})
	wantTLS(t, "rediss+cluster://", port, certFile)
}

// wantTLS wants stores to serve, also from memory.
func wantTLS(t *testing.T, scheme, port, certFile string) {
	t.Helper()
	url := scheme + "127.0.0.1:" + port + "?tls_ca=" + certFile
	storeServes(t, open(t, url, redisstore.Options{}))
	st := openCached(t, url, redisstore.Options{}, nearcache.Options{Bound: ages})
	renew(t, st, "secure", "v")
	wantHit(t, st, "secure", "v")
}

// selfSigned writes a certificate for 127.0.0.1, and its key.
func selfSigned(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "sojourn test"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	keyBytes, err := x509.MarshalECPrivateKey(key)
	must(t, err)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: cert},
		keyFile:  {Type: "EC PRIVATE KEY", Bytes: keyBytes},
	} {
		must(t, os.WriteFile(file, pem.EncodeToMemory(block), 0o600))
	}
	return certFile, keyFile
}

// freePort returns a port that was free just now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
