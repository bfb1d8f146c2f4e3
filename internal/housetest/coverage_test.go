package housetest

import (
	"testing"

	"github.com/keyreeve/keyreeve/internal/contracttest"
	"github.com/keyreeve/keyreeve/internal/httpapi"
)

func TestEveryOperationIsRoutedOrListed(t *testing.T) {
	t.Parallel()
	var routed []string
	for _, route := range httpapi.Routes() {
		routed = append(routed, route.Operation)
	}
	contracttest.CheckCoverage(t, routed)
}
