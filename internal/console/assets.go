package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

// assets are the files that pages load. A file's address holds a part of its
// digest, so that a browser may keep it for good and never keeps an old one.
type assets struct {
	byName map[string]string // name → address
	byPath map[string]asset  // last segment of the address
}

type asset struct {
	kind  string
	plain []byte
	gzip  []byte // they hold no secret that their compressed length could tell of
}

var assetKinds = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

func loadAssets() assets {
	a := assets{map[string]string{}, map[string]asset{}}
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic("console: " + err.Error())
	}
	for _, e := range entries {
		kind := assetKinds[path.Ext(e.Name())]
		if kind == "" { // a licence
			continue
		}
		text, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			panic("console: " + err.Error())
		}
		digest := sha256.Sum256(text)
		base, ext, _ := strings.Cut(e.Name(), ".")
		name := base + "-" + hex.EncodeToString(digest[:6]) + "." + ext
		a.byName[e.Name()] = "/assets/" + name
		a.byPath[name] = asset{kind, text, compressed(text)}
	}
	return a
}

func compressed(text []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // a level that exists
	_, _ = w.Write(text)                                    // to memory
	_ = w.Close()
	return out.Bytes()
}

func (a assets) url(name string) string { return a.byName[name] }

// showAsset serves a file. Nobody has to be signed in for it.
func (v *visit) showAsset() error {
	file, ok := v.assets.byPath[v.r.PathValue("name")]
	if !ok {
		return errNoPage
	}
	h := v.w.Header()
	h.Set("Content-Type", file.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	text := file.plain
	if strings.Contains(v.r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		text = file.gzip
	}
	h.Set("Content-Length", strconv.Itoa(len(text)))
	v.status = http.StatusOK
	v.w.WriteHeader(v.status)
	if v.r.Method != http.MethodHead {
		_, _ = v.w.Write(text)
	}
	return nil
}
