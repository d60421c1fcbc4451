package feishusim

import (
	"net/http"
	"slices"
	"strings"
)

// Scope names the simulated app may have; see Options.
const (
	scopeContacts = "contact:user.base:readonly"
	scopeGroupMsg = "im:message.group_msg"
	scopeScopes   = "application:application:self_manage"
)

// granted are the scopes of the app. im:message.group_msg and the one for names must be asked for, as on the platform.
func (s *Sim) granted() map[string]bool {
	all := map[string]bool{
		"im:message": true, "im:message.p2p_msg:readonly": true, "im:message.group_at_msg:readonly": true, "im:resource": true, "im:chat:readonly": true,
		"im:message.reactions:write_only": true, scopeScopes: true, scopeGroupMsg: s.opts.GroupMessages, scopeContacts: s.opts.Contacts,
	}
	for _, name := range s.opts.Denied {
		all[name] = false
	}
	return all
}

func (s *Sim) needs(scope string) *refusal {
	if s.granted()[scope] {
		return nil
	}
	return refuse(99991672, "Access denied. One of the following scopes is required: ["+scope+"].")
}

// user tells a name, which is the one the person last acted under.
func (s *Sim) user(c call) (map[string]any, *refusal) {
	id := c.req.PathValue("user")
	name, known := s.names[id]
	switch r := s.needs(scopeContacts); {
	case c.req.URL.Query().Get("user_id_type") != "open_id" || !strings.HasPrefix(id, "ou_"):
		return nil, refuse(99992402, "field validation failed: user_id is no open_id")
	case r != nil:
		return nil, r
	case !known:
		return nil, refuse(41050, "no user authority error")
	}
	return map[string]any{"user": map[string]any{"open_id": id, "name": name}}, nil
}

func (s *Sim) chatInfo(c call) (map[string]any, *refusal) {
	if r := s.needs("im:chat:readonly"); r != nil {
		return nil, r
	}
	at := s.chats[c.req.PathValue("chat")]
	switch {
	case at == nil:
		return nil, refuse(232006, "Your request specifies a chat_id which is invalid.")
	case at.outside:
		return nil, refuse(232011, "Operator can NOT be out of the chat.")
	case !at.group():
		return map[string]any{"chat_mode": "p2p"}, nil
	}
	mode, status, speakers := "group", "normal", "all_members"
	if at.topics {
		mode = "topic"
	}
	if at.dissolved {
		status = "dissolved"
	}
	if at.moderated {
		speakers = "only_owner"
	}
	return map[string]any{
		"name": at.id, "chat_mode": mode, "group_message_type": "chat", "chat_status": status, "moderation_permission": speakers, "external": at.external,
	}, nil
}

// privateChats knows only chats that exist.
func (s *Sim) privateChats(c call) (map[string]any, *refusal) {
	var in struct {
		IDs []string `json:"chatter_ids"`
	}
	if r := decode(c, &in); r != nil {
		return nil, r
	}
	if s.opts.NoPrivateChatQuery {
		return nil, refuse(99991672, "Access denied.")
	}
	found := []any{}
	for _, id := range in.IDs {
		if at := s.private[id]; at != nil {
			found = append(found, map[string]any{"chatter_id": id, "chat_id": at.id})
		}
	}
	return map[string]any{"p2p_chats": found}, nil
}

func (s *Sim) scopes(call) (map[string]any, *refusal) {
	if r := s.needs(scopeScopes); r != nil {
		return nil, r
	}
	var names []string
	granted := s.granted()
	for name := range granted {
		names = append(names, name)
	}
	slices.Sort(names)
	out := []any{}
	for _, name := range names {
		status := 2
		if granted[name] {
			status = 1
		}
		out = append(out, map[string]any{"scope_name": name, "grant_status": status, "scope_type": "tenant"})
	}
	return map[string]any{"scopes": out}, nil
}

// directoryRoutes are the calls about people, chats and the app.
func (s *Sim) directoryRoutes(mux *http.ServeMux) {
	for _, route := range []struct {
		method, path, body string
		handle             handler
	}{
		{http.MethodGet, "/open-apis/contact/v3/users/{user}", "", s.user},
		{http.MethodGet, "/open-apis/im/v1/chats/{chat}", "", s.chatInfo},
		{http.MethodPost, "/open-apis/im/v1/chat_p2p/batch_query", jsonBody, s.privateChats},
		{http.MethodGet, "/open-apis/application/v6/scopes", "", s.scopes},
	} {
		mux.Handle(route.method+" "+route.path, s.faulty(opOf(route.path), s.authenticated(route.body, route.handle)))
	}
}
