package server

// Config returns what the server runs with.
func (s *Server) Config() Config { return s.cfg }
