package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// leastProjectKeys is what verification must reach of a bare handler where a key
// has a project, an owner and a rate limit, at either listener.
const leastProjectKeys = 0.9

const (
	limitedModel    = "text-embedding-3-small"
	limitedProjects = 10
	limitedKeysEach = 20
)

// projectKeys compares verification of keys of service accounts, for a model
// that has a rate limit, with a bare handler that sends the same headers.
func (b *bench) projectKeys(e *engine) error {
	fast, err := freeAddress()
	if err != nil {
		return err
	}
	s, err := b.serve(e.newURL("project-keys"), filepath.Join(b.dir, e.name+"-project-keys"), "--gateway-listen", fast)
	if err != nil {
		return err
	}
	keys, err := b.makeProjectKeys(s)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(keys.name)
	if err != nil {
		return err
	}
	query := authPath + "?kind=project,service_account&model=" + limitedModel
	bare, err := b.startBare("http://"+fast+query, string(text[:keys.width]))
	if err != nil {
		return err
	}
	defer bare.stop()
	g := &gatewayBench{bench: b, server: s, fast: fast, bare: bare}
	main := &side{url: "http://" + s.address + query, pid: s.cmd.Process.Pid}
	quick := &side{url: "http://" + fast + query, pid: main.pid}
	plain := &side{url: "http://" + bare.address + query, pid: bare.cmd.Process.Pid}
	if err := g.measure(keys, main, plain, quick); err != nil {
		return err
	}
	const figure = "gateway: requests/s with project, owner and rate limit at the %s listener ÷ of a bare net/http handler"
	b.report.atLeast(fmt.Sprintf(figure, "main"), leastProjectKeys, ratios(main.rates, plain.rates), main.detail(plain))
	b.report.atLeast(fmt.Sprintf(figure, "gateway"), leastProjectKeys, ratios(quick.rates, plain.rates), quick.detail(plain))
	return s.stop()
}

// makeProjectKeys makes them over the API, with limits that they do not reach.
func (b *bench) makeProjectKeys(s *server) (keyFile, error) {
	post := func(path, body string, into any) error {
		text, err := s.answer("POST", organizationPath+path, body)
		if err == nil && into != nil {
			err = json.Unmarshal(text, into)
		}
		return err
	}
	var made struct {
		ID    string `json:"id"`
		Value string `json:"value"`
	}
	var keys []string
	for range limitedProjects {
		if err := post("/projects", `{"name":"bench"}`, &made); err != nil {
			return keyFile{}, err
		}
		project := "/projects/" + made.ID
		if err := post(project+"/rate_limits/rl-"+limitedModel, `{"max_requests_per_1_minute":1000000000,"max_requests_per_1_day":1000000000000}`, nil); err != nil {
			return keyFile{}, err
		}
		if err := post(project+"/service_accounts", `{"name":"bench","create_service_account_only":true}`, &made); err != nil {
			return keyFile{}, err
		}
		account := project + "/service_accounts/" + made.ID
		for range limitedKeysEach {
			if err := post(account+"/api_keys", `{}`, &made); err != nil {
				return keyFile{}, err
			}
			keys = append(keys, made.Value)
		}
	}
	file := keyFile{filepath.Join(b.dir, "keys-projects"), len(keys[0])}
	return file, os.WriteFile(file.name, []byte(strings.Join(keys, "")), 0o600)
}
