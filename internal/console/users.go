package console

import (
	"net/http"

	"github.com/keyreeve/keyreeve/internal/org"
)

const usersSection = "/users"

type usersPage struct {
	frame
	listed
	Users []org.User
}

// listUsers shows the users (list-users).
func (v *visit) listUsers() error {
	p := usersPage{frame: v.frame("Users", usersSection), listed: listed{List: usersSection, What: "user"}}
	var err error
	p.Users, err = readList(v, &p.listed, func(u org.User) string { return u.ID },
		func(page org.Page) (org.ListPage[org.User], error) {
			return v.Service.ListUsers(v.r.Context(), v.caller, org.UserPage{Page: page})
		},
		func(text string, page org.Page) (org.ListPage[org.User], error) {
			return v.Service.FindUsers(v.r.Context(), v.caller, text, page)
		})
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "users", p)
}

type userPage struct {
	frame
	User   org.User
	Self   bool // the visitor
	Events []sentence
}

func (v *visit) theUser() (org.User, error) {
	return v.Service.GetUser(v.r.Context(), v.caller, v.r.PathValue("user_id"))
}

// showUser shows one user (retrieve-user).
func (v *visit) showUser() error {
	user, err := v.theUser()
	if err != nil {
		return err
	}
	events, err := v.eventsOf(user.ID)
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "user", userPage{
		frame: v.frame(user.Name, usersSection), User: user, Self: user.ID == v.caller.OwnerID, Events: events,
	})
}

// rolePage changes what a user may do.
type rolePage struct {
	frame
	User    org.User
	Role    org.Role
	Self    bool
	Problem string
}

func (v *visit) rolePage() (rolePage, error) {
	user, err := v.theUser()
	return rolePage{frame: v.frame("Change a role", usersSection), User: user, Role: user.Role, Self: user.ID == v.caller.OwnerID}, err
}

func (v *visit) editUserRole() error {
	p, err := v.rolePage()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "user_role", p)
}

// updateUserRole changes a role (modify-user).
func (v *visit) updateUserRole() error {
	p, err := v.rolePage()
	if err != nil {
		return err
	}
	p.Role = org.Role(v.r.PostForm.Get("role"))
	_, _, err = v.Service.UpdateUser(v.r.Context(), v.caller, p.User.ID, org.UserChange{Role: &p.Role})
	if text, ok := correctable(err); ok {
		p.Problem = text
		return v.render(http.StatusUnprocessableEntity, "user_role", p)
	} else if err != nil {
		return err
	}
	return v.redirect(usersSection + "/" + p.User.ID)
}

func (v *visit) removePage() (confirmPage, org.User, error) {
	user, err := v.theUser()
	p := confirmPage{
		frame: v.frame("Remove a user", usersSection), Heading: "Remove " + user.Name + "?",
		Warnings: []string{
			"All keys of " + user.Email + " stop working at once, on every replica: admin keys and keys in projects.",
			"The user leaves every project.",
			"This cannot be undone. The user could be invited anew, with new keys.",
		},
		Word: user.Email, What: "email of the user", Button: "Remove the user", Back: usersSection + "/" + user.ID,
	}
	if user.ID == v.caller.OwnerID {
		p.Warnings = append([]string{"This is you. You will be signed out and cannot sign in again."}, p.Warnings...)
	}
	return p, user, err
}

func (v *visit) askRemoveUser() error {
	p, _, err := v.removePage()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "confirm", p)
}

// removeUser removes a user (delete-user).
func (v *visit) removeUser() error {
	p, user, err := v.removePage()
	if err != nil {
		return err
	}
	done := donePage{Heading: "The user is removed", Text: "The keys of " + user.Email + " are refused from now on.", Back: usersSection, Label: "See the users"}
	return v.confirm(p, done, func() (org.Commit, error) { return v.Service.DeleteUser(v.r.Context(), v.caller, user.ID) })
}
