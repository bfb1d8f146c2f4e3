// Package console is the web console: pages on which people look at keys, make
// them and end them. They are rendered here, with html/template; a little
// JavaScript makes them nicer and none is needed.
//
// What a page does it does through org.Service, with the caller that its session
// stands for, so the same rules hold as for the API. A route (routes.go) leads
// to a method of the file that is named like its resource, which fills a page's
// data and renders the template of the same name.
package console
