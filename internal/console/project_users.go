package console

import (
	"net/http"
	"strings"

	"github.com/keyreeve/keyreeve/internal/org"
)

// inProject is what the pages of a project have around them.
type inProject struct {
	frame
	Project org.Project
	Tab     string
}

// Base is the project's address.
func (p inProject) Base() string { return projectsSection + "/" + p.Project.ID }

// Open reports whether things can be changed here.
func (p inProject) Open() bool { return p.Write && p.Project.ArchivedAt == 0 }

// enterProject reads the project of the address.
func (v *visit) enterProject(title, tab string) (inProject, error) {
	project, err := v.theProject()
	if err != nil {
		return inProject{}, err
	}
	return inProject{frame: v.frame(title+" · "+project.Name, projectsSection), Project: project, Tab: tab}, nil
}

// changeProject is enterProject for a form.
func (v *visit) changeProject(title, tab string) (inProject, error) {
	p, err := v.enterProject(title, tab)
	if err == nil && p.Project.ArchivedAt != 0 {
		err = errArchived
	}
	return p, err
}

type membersPage struct {
	inProject
	listed
	Members []org.ProjectUser
}

// listMembers shows the members of a project (list-project-users).
func (v *visit) listMembers() error {
	in, err := v.enterProject("Members", "members")
	if err != nil {
		return err
	}
	p := membersPage{inProject: in, listed: listed{List: in.Base() + "/members"}}
	p.Members, err = readList(v, &p.listed, func(m org.ProjectUser) string { return m.UserID },
		func(page org.Page) (org.ListPage[org.ProjectUser], error) {
			return v.Service.ListProjectUsers(v.r.Context(), v.caller, p.Project.ID, page)
		}, nil)
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "members", p)
}

// memberPage is the form for a new member, or for another role of one.
type memberPage struct {
	inProject
	Member  org.ProjectUser // zero: a new one
	Email   string
	Role    string
	Problem string
	Users   []org.User // to choose from: the newest
}

func (v *visit) newMemberPage() (memberPage, error) {
	in, err := v.changeProject("Add a member", "members")
	if err != nil {
		return memberPage{}, err
	}
	users, err := v.Service.ListUsers(v.r.Context(), v.caller, org.UserPage{Page: org.Page{Descending: true, Limit: org.MaxPage}})
	return memberPage{inProject: in, Role: string(org.ProjectMember), Users: users.Items}, err
}

func (v *visit) newMember() error {
	p, err := v.newMemberPage()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "member", p)
}

// createMember adds a user to a project (create-project-user).
func (v *visit) createMember() error {
	p, err := v.newMemberPage()
	if err != nil {
		return err
	}
	p.Email, p.Role = shown(strings.TrimSpace(v.r.PostForm.Get("email"))), v.r.PostForm.Get("role")
	_, _, err = v.Service.CreateProjectUser(v.r.Context(), v.caller, p.Project.ID, org.NewProjectUser{Email: &p.Email, Role: org.ProjectRole(p.Role)})
	return v.afterMember(p, err)
}

// afterMember leads back to the members, or shows the form again.
func (v *visit) afterMember(p memberPage, err error) error {
	if text, ok := correctable(err); ok {
		p.Problem, p.Title = text, "Not yet: "+p.Title
		return v.render(http.StatusUnprocessableEntity, "member", p)
	} else if err != nil {
		return err
	}
	return v.redirect(p.Base() + "/members")
}

func (v *visit) memberPage() (memberPage, error) {
	in, err := v.changeProject("Role of a member", "members")
	if err != nil {
		return memberPage{}, err
	}
	member, err := v.Service.GetProjectUser(v.r.Context(), v.caller, in.Project.ID, v.r.PathValue("user_id"))
	return memberPage{inProject: in, Member: member, Email: member.Email, Role: string(member.Role)}, err
}

func (v *visit) editMember() error {
	p, err := v.memberPage()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "member", p)
}

// updateMember changes a member's role (modify-project-user).
func (v *visit) updateMember() error {
	p, err := v.memberPage()
	if err != nil {
		return err
	}
	role := org.ProjectRole(v.r.PostForm.Get("role"))
	p.Role = string(role)
	_, _, err = v.Service.UpdateProjectUser(v.r.Context(), v.caller, p.Project.ID, p.Member.UserID, &role)
	return v.afterMember(p, err)
}

func (v *visit) removeMemberPage() (confirmPage, memberPage, error) {
	m, err := v.memberPage()
	return confirmPage{
		frame: m.frame, Heading: "Remove " + m.Member.Name + " from " + m.Project.Name + "?",
		Warnings: []string{
			"The keys of " + m.Member.Email + " in this project stop working at once, on every replica.",
			"Keys in other projects and admin keys stay.",
		},
		Word: m.Member.Email, What: "email of the member", Button: "Remove the member", Back: m.Base() + "/members",
	}, m, err
}

func (v *visit) askRemoveMember() error {
	p, _, err := v.removeMemberPage()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "confirm", p)
}

// removeMember takes a member out of a project (delete-project-user).
func (v *visit) removeMember() error {
	p, m, err := v.removeMemberPage()
	if err != nil {
		return err
	}
	done := donePage{Heading: "The member is removed", Text: "The keys of " + m.Member.Email + " in " + m.Project.Name + " are refused from now on.", Back: p.Back, Label: "See the members"}
	return v.confirm(p, done, func() (org.Commit, error) {
		return v.Service.DeleteProjectUser(v.r.Context(), v.caller, m.Project.ID, m.Member.UserID)
	})
}
