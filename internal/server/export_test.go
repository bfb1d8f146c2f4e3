package server

// Config returns what the server runs with.
func (s *Server) Config() Config { return s.cfg }

// ShareInterval is how often the limits are told how many replicas there are.
const ShareInterval = shareInterval
