package session

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// The directives of Clear-Site-Data that browsers know of (W3C Clear Site Data,
// section 3.1) and that say something about a session.
var siteData = []string{"cache", "cookies", "storage", "executionContexts", "*"}

const clearSiteData = "Clear-Site-Data"

func (o *Options) checkSiteData() error {
	var faults []error
	for i, name := range o.ClearSiteData {
		switch {
		case !slices.Contains(siteData, name):
			faults = append(faults, fmt.Errorf("session: ClearSiteData has %q: it knows %q", name, siteData))
		case slices.Contains(o.ClearSiteData[:i], name):
			faults = append(faults, fmt.Errorf("session: ClearSiteData has %q twice", name))
		}
	}
	return errors.Join(faults...)
}

// siteDataLine is the value of the header; "" is none.
func (o *Options) siteDataLine() string {
	if len(o.ClearSiteData) == 0 {
		return ""
	}
	return `"` + strings.Join(o.ClearSiteData, `", "`) + `"`
}

// tidy has the browser forget what it has of the site, if the visitor has just
// left, and is not in again with the same answer. No cache may tell it to
// anybody else, also where there is no cookie to remove (RFC 9111, 4).
func (s *Session) tidy(h http.Header) {
	line := s.m.tidies
	if line == "" || s.work == nil || !s.work.left || s.signed != nil {
		return
	}
	if !slices.Contains(h[clearSiteData], line) { // of another manager
		h[clearSiteData] = append(h[clearSiteData], line)
	}
	unstored(h)
}
