package modeltest

import "slices"

// organization is what should be there, ended things included: they are asked
// for, too.
type organization struct {
	users    []*user
	projects []*project
	accounts []*account
	keys     []*key
}

type user struct {
	id   string
	role string
	gone bool
}

type project struct {
	id       string
	archived bool
	members  map[*user]string // roles
}

type account struct {
	id      string
	project *project
	name    string
	role    string
	gone    bool
}

// key has a user or an account, and a project unless it is an admin key.
type key struct {
	id, value string
	kind      string // as gateways are told
	user      *user
	account   *account
	project   *project
	ends      int64 // Unix seconds; 0: never
	gone      bool  // it was deleted, or its membership was
}

// there says whether the key can still be read.
func (k *key) there() bool {
	return !k.gone && (k.user == nil || !k.user.gone) && (k.account == nil || !k.account.gone)
}

// good says whether the key lets in at the Unix second now.
func (k *key) good(now int64) bool {
	return k.there() && (k.project == nil || !k.project.archived) && (k.ends == 0 || now < k.ends)
}

// owner is the id and the type of whom the key acts for.
func (k *key) owner() (id, ownerType string) {
	if k.account != nil {
		return k.account.id, "service_account"
	}
	return k.user.id, "user"
}

// removeMember ends a membership, and the keys that came with it.
func (o *organization) removeMember(p *project, u *user) {
	delete(p.members, u)
	for _, k := range o.keys {
		k.gone = k.gone || (k.project == p && k.user == u)
	}
}

func (o *organization) removeUser(u *user) {
	u.gone = true
	for _, p := range o.projects {
		delete(p.members, u)
	}
}

// keysIn are the ids of the keys that a project's list has, in order.
func (o *organization) keysIn(p *project) []string {
	var ids []string
	for _, k := range o.keys {
		if k.project == p && k.there() {
			ids = append(ids, k.id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (o *organization) accountsIn(p *project) []string {
	var ids []string
	for _, a := range o.accounts {
		if a.project == p && !a.gone {
			ids = append(ids, a.id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (p *project) memberIDs() []string {
	var ids []string
	for u := range p.members {
		ids = append(ids, u.id)
	}
	slices.Sort(ids)
	return ids
}
