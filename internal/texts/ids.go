package texts

// To add a text: one line here, one in each file of lang. The tests name what is missing.

// What customers read: hello and help.
const (
	Welcome       = "welcome"
	Help          = "help"
	ThanksReply   = "thanks_reply"
	GreetingReply = "greeting_reply"
	GuestName     = "guest_name" // Code
	AnswerFooter  = "answer_footer"
	ButtonHuman   = "button_human"
	ButtonTicket  = "button_ticket"
	ButtonStale   = "button_stale"
)

// What customers read: asking back and not knowing.
const (
	ClarifyIntro      = "clarify_intro"
	ClarifyChoice     = "clarify_choice" // Label, N
	ClarifyNone       = "clarify_none"
	ClarifyFooter     = "clarify_footer"
	ClarifyInvalid    = "clarify_invalid" // Count
	Unknown           = "unknown"
	UnknownOfferHuman = "unknown_offer_human"
	UnsupportedKind   = "unsupported_kind"
)

// What customers read: being handed to a person.
const (
	HandoffWait           = "handoff_wait"            // Desk, Minutes, Position, Reason
	HandoffConnected      = "handoff_connected"       // Agent
	HandoffAlreadyWaiting = "handoff_already_waiting" // Position
	HandoffNobodyOnDuty   = "handoff_nobody_on_duty"  // Number
	CaseClosedCustomer    = "case_closed_customer"
	BackToBot             = "back_to_bot"
	CancelDone            = "cancel_done"
	CancelNothing         = "cancel_nothing"
	DeskUnreachable       = "desk_unreachable"
	LateReply             = "late_reply" // Minutes, Reason
	LateReasonBusy        = "late_reason_busy"
	LateReasonFault       = "late_reason_fault"
	ApologyFailed         = "apology_failed"
	FloodLimit            = "flood_limit" // Seconds
	AnswerWaits           = "answer_waits"
	HandoffFetch          = "handoff_fetch"
	FetchWords            = "fetch_words" // divided by spaces
)

// Why a case was opened: read by customers in handoff_wait and by agents on the card.
const (
	ReasonAsked     = "reason_asked"
	ReasonUnknown   = "reason_unknown"
	ReasonComplaint = "reason_complaint"
	ReasonReopened  = "reason_reopened"
)

// What customers read: forms and tickets.
const (
	FormTicketTitle    = "form_ticket_title"
	FormTicketDetails  = "form_ticket_details"
	FormInvalidEmpty   = "form_invalid_empty"
	FormTooLong        = "form_too_long"        // Limit
	TicketCreated      = "ticket_created"       // Number, Title
	TicketStateChanged = "ticket_state_changed" // Comment, Number, State, Title
	TicketComment      = "ticket_comment"       // By, Comment, Number
	TicketShow         = "ticket_show"          // Comment, Created, Due, Number, Priority, State, Title
	TicketNone         = "ticket_none"
	TicketNotFound     = "ticket_not_found" // Number
	TicketListHead     = "ticket_list_head" // Count
	TicketListItem     = "ticket_list_item" // Number, State, Title
)

// States and priorities of tickets.
const (
	StateOpen       = "state_open"
	StateInProgress = "state_in_progress"
	StatePending    = "state_pending"
	StateResolved   = "state_resolved"
	StateClosed     = "state_closed"
	PriorityLow     = "priority_low"
	PriorityNormal  = "priority_normal"
	PriorityHigh    = "priority_high"
	PriorityUrgent  = "priority_urgent"
)

// Stand-ins for what cannot be shown in another chat; one for each adapters.AttachmentKind.
const (
	AttachmentImage     = "attachment_image"     // Name, Text, URL
	AttachmentAudio     = "attachment_audio"     // Name, Text, URL
	AttachmentVideo     = "attachment_video"     // Name, Text, URL
	AttachmentFile      = "attachment_file"      // Name, Text, URL
	AttachmentSticker   = "attachment_sticker"   // Name, Text, URL
	AttachmentAnimation = "attachment_animation" // Name, Text, URL
	AttachmentLocation  = "attachment_location"  // Name, Text, URL
	AttachmentContact   = "attachment_contact"   // Name, Text, URL
	AttachmentLink      = "attachment_link"      // Name, Text, URL
	AttachmentVoice     = "attachment_voice"     // Name, Text, URL
	AttachmentUnknown   = "attachment_unknown"
	EditedPrefix        = "edited_prefix"
)

// What people read about media that cannot go; What is the file's kind and name, Why one of the problems below it.
const (
	MediaMissing     = "media_missing"     // What, Why
	MediaUndelivered = "media_undelivered" // What, Why
	MediaFollows     = "media_follows"     // What
	MediaGone        = "media_gone"        // Size, Limit: the same for all that follow
	MediaTooLarge    = "media_too_large"
	MediaType        = "media_type"
	MediaFull        = "media_full"
	MediaRefused     = "media_refused"
)

// What agents read: the card of a case.
const (
	CardTitle         = "card_title" // N, Name
	CardCustomer      = "card_customer"
	CardChannel       = "card_channel"
	CardLanguage      = "card_language"
	CardReason        = "card_reason"
	CardQuestion      = "card_question"
	CardBotTried      = "card_bot_tried"
	CardStatus        = "card_status"
	CardAgent         = "card_agent"
	CardWaited        = "card_waited"
	CardTicket        = "card_ticket"
	CardSummary       = "card_summary"
	CardWindow        = "card_window"
	CardLastMessages  = "card_last_messages"
	CardWaiting       = "card_waiting"
	CardServed        = "card_served" // Agent
	CardClosed        = "card_closed" // Agent
	ButtonClaim       = "button_claim"
	ButtonClose       = "button_close"
	ButtonReopen      = "button_reopen"
	RelayCustomerLine = "relay_customer_line" // Name, Text
	Bot               = "bot"
	Agent             = "agent"
)

// What agents read: working on a case.
const (
	ClaimedBy        = "claimed_by"      // Agent
	AlreadyClaimed   = "already_claimed" // Agent
	Released         = "released"        // Agent
	TakenOver        = "taken_over"      // Agent, From
	NoteSaved        = "note_saved"
	ClosedBy         = "closed_by"     // Agent
	CloseSummary     = "close_summary" // Summary
	CaseIsOpen       = "case_is_open"
	CaseIsClosed     = "case_is_closed"
	CannotReopen     = "cannot_reopen"
	EditNotCarried   = "edit_not_carried"
	HeldReply        = "held_reply" // Agent
	HeldGone         = "held_gone"
	ButtonSendAnyway = "button_send_anyway"
	ButtonNote       = "button_note"
	ButtonTake       = "button_take"
	ButtonResend     = "button_resend"
	CustomerLeft     = "customer_left"
	CustomerBack     = "customer_back"
	CustomerCanceled = "customer_canceled" // Name
	WindowLeft       = "window_left"       // Counted, Sends, Until
	WindowShut       = "window_shut"
	OnlyInAnswer     = "only_in_answer"
	InboxRestricted  = "inbox_restricted" // Inbox
	Info             = "info"             // Cases, Inbox, Language, Name, Person, Since, Window
)

// What agents read: tickets.
const (
	TicketOpenedDesk        = "ticket_opened_desk"        // Name, Number, Priority, Title
	TicketChangedDesk       = "ticket_changed_desk"       // By, Changes, Number
	TicketUnchanged         = "ticket_unchanged"          // Number
	TicketTransitionRefused = "ticket_transition_refused" // Allowed, Number, State
	TicketShowDesk          = "ticket_show_desk"          // Assignee, Description, Due, Name, Number, Priority, State, Title
	TicketsNone             = "tickets_none"
	TicketUntitled          = "ticket_untitled" // Name
)

// What agents read: the desk.
const (
	OnDuty         = "on_duty"  // Agent
	OffDuty        = "off_duty" // Agent
	Busy           = "busy"     // Agent
	DutyOn         = "duty_on"
	DutyOff        = "duty_off"
	DutyBusy       = "duty_busy"
	WhoHead        = "who_head" // Desk
	WhoItem        = "who_item" // Agent, Duty
	PeopleNone     = "people_none"
	QueueHead      = "queue_head" // Count
	CasesHead      = "cases_head" // Count
	CasesItem      = "cases_item" // Agent, Inbox, Minutes, Name, Question
	CasesNone      = "cases_none"
	DeskDigest     = "desk_digest"     // Cases, Messages, Tickets
	GivenUp        = "given_up"        // ID, Inbox
	BotUndelivered = "bot_undelivered" // Inbox, Reason
)

// What agents read: refusals.
const (
	NotAgent       = "not_agent"       // ID
	NotInCase      = "not_in_case"     // Command
	UnknownCommand = "unknown_command" // Command
	IDReply        = "id_reply"        // Chat, Inbox, Person
)

// What agents read: one line of help for each command.
const (
	HelpAgent   = "help_agent"
	HelpNote    = "help_note"
	HelpClaim   = "help_claim"
	HelpTake    = "help_take"
	HelpRelease = "help_release"
	HelpClose   = "help_close"
	HelpReopen  = "help_reopen"
	HelpTicket  = "help_ticket"
	HelpInfo    = "help_info"
	HelpHistory = "help_history"
	HelpOn      = "help_on"
	HelpOff     = "help_off"
	HelpBusy    = "help_busy"
	HelpWho     = "help_who"
	HelpQueue   = "help_queue"
	HelpCases   = "help_cases"
	HelpTickets = "help_tickets"
	HelpT       = "help_t"
	HelpID      = "help_id"
)

// What the platform shows at once to who pressed a button; one for each adapters.Word.
const (
	ButtonPressed = "button_pressed"
	ButtonAgain   = "button_again"
)

// Why a message was not delivered and what to do; one for each adapters.Reason.
const (
	SendFailedUnavailable  = "send_failed_unavailable"
	SendFailedRateLimited  = "send_failed_rate_limited"
	SendFailedUnauthorized = "send_failed_unauthorized"
	SendFailedUnreachable  = "send_failed_unreachable"
	SendFailedWindowClosed = "send_failed_window_closed"
	SendFailedQuotaSpent   = "send_failed_quota_spent"
	SendFailedThreadGone   = "send_failed_thread_gone"
	SendFailedRejected     = "send_failed_rejected"
	SendFailedUnknown      = "send_failed_unknown"
	SendUnknown            = "send_unknown"
	Parked                 = "parked" // Reason, Text
)
