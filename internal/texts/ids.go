package texts

// To add a text: one line here, one in each file of lang. The tests name what is missing.

// What customers read: hello and help.
const (
	Welcome       = "welcome"
	Help          = "help"
	ThanksReply   = "thanks_reply"
	GreetingReply = "greeting_reply"
	GuestName     = "guest_name" // Code
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
	ClarifyLapsed     = "clarify_lapsed"
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
	CancelDone            = "cancel_done"
	CancelNothing         = "cancel_nothing"
	DeskUnreachable       = "desk_unreachable"
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
	FormLapsed         = "form_lapsed"
	FormInvalidEmpty   = "form_invalid_empty"
	FormTooLong        = "form_too_long"        // Limit
	TicketCreated      = "ticket_created"       // Number, Title
	TicketStateChanged = "ticket_state_changed" // Comment, Number, State, Title
	TicketComment      = "ticket_comment"       // By, Comment, Number
	TicketShow         = "ticket_show"          // Comment, Created, Due, Number, Priority, State, Title
	TicketNotFound     = "ticket_not_found"     // Number
	TicketListHead     = "ticket_list_head"     // Count
	TicketListItem     = "ticket_list_item"     // Number, State, Title
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
	QuoteLine           = "quote_line"
	ForwardedLine       = "forwarded_line"
)

// What people read about media that cannot go; What is the file's kind and name, Why one of the problems below it.
const (
	MediaMissing     = "media_missing" // What, Why
	PictureAway      = "picture_away"
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
	CardChannel       = "card_channel"
	CardLanguage      = "card_language"
	CardReason        = "card_reason"
	CardQuestion      = "card_question"
	CardBotTried      = "card_bot_tried"
	CardStatus        = "card_status"
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
	ClosedBy         = "closed_by" // Agent
	CaseIsOpen       = "case_is_open"
	CaseIsClosed     = "case_is_closed"
	CannotReopen     = "cannot_reopen"
	EditNotCarried   = "edit_not_carried"
	HeldReply        = "held_reply" // Agent
	HeldGone         = "held_gone"
	UndoNothing      = "undo_nothing"
	UndoFailed       = "undo_failed"
	ButtonSendAnyway = "button_send_anyway"
	ButtonNote       = "button_note"
	ButtonTake       = "button_take"
	ButtonResend     = "button_resend"
	CustomerLeft     = "customer_left"
	CustomerBack     = "customer_back"
	CustomerCanceled = "customer_canceled" // Name
	WindowLeft       = "window_left"       // Counted, Sends, Until
	WindowShut       = "window_shut"
	WindowLeftUs     = "window_left_us"
	OnlyInAnswer     = "only_in_answer"
	InboxRestricted  = "inbox_restricted" // Inbox
	Info             = "info"             // Cases, Inbox, Language, Name, Person, Since, Window
)

// What agents read: tickets.
const (
	TicketOpenedDesk        = "ticket_opened_desk"        // Name, Number, Priority, Title
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
	WhoHead        = "who_head"   // Desk
	WhoItem        = "who_item"   // Agent, Duty
	QueueHead      = "queue_head" // Count
	CasesHead      = "cases_head" // Count
	CasesItem      = "cases_item" // Agent, Inbox, Minutes, Name, Question
	CasesNone      = "cases_none"
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
	HelpUndo    = "help_undo"
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

// What a platform's menu says each command of a contact does; one for each adapters.Word.
const (
	CommandHelp   = "command_help"
	CommandHuman  = "command_human"
	CommandCancel = "command_cancel"
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

// What admins and editors read: the knowledge base by chat. Families: faq_help_ + verb, faq_field_ and faq_ask_ + field, faq_do_ + option, faq_state_, faq_decision_,
// faq_finding_. The texts faq_words_ are words divided by spaces, in any language.
const (
	FaqRefused                 = "faq_refused" // Agent, ID
	FaqUnknown                 = "faq_unknown" // Name
	FaqUsage                   = "faq_usage"   // Form
	FaqHelpHead                = "faq_help_head"
	FaqHelpAdd                 = "faq_help_add"
	FaqHelpEdit                = "faq_help_edit"
	FaqHelpDel                 = "faq_help_del"
	FaqHelpList                = "faq_help_list"
	FaqHelpShow                = "faq_help_show"
	FaqHelpSearch              = "faq_help_search"
	FaqHelpTest                = "faq_help_test"
	FaqHelpHistory             = "faq_help_history"
	FaqHelpRevert              = "faq_help_revert"
	FaqHelpPublish             = "faq_help_publish"
	FaqHelpReplay              = "faq_help_replay"
	FaqHelpStats               = "faq_help_stats"
	FaqHelpSuggest             = "faq_help_suggest"
	FaqHelpLearn               = "faq_help_learn"
	FaqHelpImport              = "faq_help_import"
	FaqHelpExport              = "faq_help_export"
	FaqHelpHelp                = "faq_help_help"
	FaqWordsCancel             = "faq_words_cancel"
	FaqWordsBack               = "faq_words_back"
	FaqWordsSkip               = "faq_words_skip"
	FaqWordsConfirm            = "faq_words_confirm"
	FaqHelpLanguage            = "faq_help_language"
	FaqNoPage                  = "faq_no_page"
	FaqWordsPrev               = "faq_words_prev"
	FaqWordsNext               = "faq_words_next"
	FaqAnswerHow               = "faq_answer_how" // Group, Numbers, Words
	FaqNoPlace                 = "faq_no_place"   // Known, Name
	FaqSearchNear              = "faq_search_near"
	FaqNewEntry                = "faq_new_entry"
	FaqHistoryChange           = "faq_history_change"  // Field, New, Old
	FaqListNone                = "faq_list_none"       // Empty
	FaqPublishHead             = "faq_publish_head"    // Count, Full
	FaqWordsOnly               = "faq_words_only"      // Picture
	FaqImportPictures          = "faq_import_pictures" // Count, Name
	FaqStale                   = "faq_stale"
	FaqNoChoice                = "faq_no_choice" // Most, N
	FaqChooseFirst             = "faq_choose_first"
	FaqCanceled                = "faq_canceled"
	FaqDuplicate               = "faq_duplicate" // ID, Question
	FaqNotFound                = "faq_not_found"
	FaqInTrash                 = "faq_in_trash" // ID
	FaqConflict                = "faq_conflict"
	FaqInvalid                 = "faq_invalid"  // Problems
	FaqTooMany                 = "faq_too_many" // Limit
	FaqBadTime                 = "faq_bad_time"
	FaqBadVariant              = "faq_bad_variant"
	FaqNoField                 = "faq_no_field"     // Fields
	FaqPreview                 = "faq_preview"      // Entry, Near
	FaqNear                    = "faq_near"         // List
	FaqSavedLive               = "faq_saved_live"   // From, ID, Over, Question, To, Undo
	FaqUnchanged               = "faq_unchanged"    // ID, Question
	FaqSavedDraft              = "faq_saved_draft"  // Change, ID, Question
	FaqDeleted                 = "faq_deleted"      // Days, ID, Question
	FaqListHead                = "faq_list_head"    // Count, Page, Pages, Tree
	FaqLine                    = "faq_line"         // Category, ID, Mark, Question
	FaqViewLine                = "faq_view_line"    // Field, Value
	FaqViewFoot                = "faq_view_foot"    // At, Author, ID, State
	FaqChangeWaits             = "faq_change_waits" // Fields
	FaqStateLive               = "faq_state_live"
	FaqStateDraft              = "faq_state_draft"
	FaqStateTrash              = "faq_state_trash"
	FaqStateChanged            = "faq_state_changed"
	FaqFieldQuestion           = "faq_field_question"
	FaqFieldSimilar            = "faq_field_similar"
	FaqFieldAnswer             = "faq_field_answer"
	FaqFieldCategory           = "faq_field_category"
	FaqFieldTags               = "faq_field_tags"
	FaqFieldFrom               = "faq_field_from"
	FaqFieldTo                 = "faq_field_to"
	FaqFieldLanguage           = "faq_field_language"
	FaqFieldVariant            = "faq_field_variant"
	FaqAskQuestion             = "faq_ask_question" // Now
	FaqAskSimilar              = "faq_ask_similar"  // Now
	FaqAskAnswer               = "faq_ask_answer"   // Now
	FaqAskCategory             = "faq_ask_category" // Now
	FaqAskTags                 = "faq_ask_tags"     // Now
	FaqAskFrom                 = "faq_ask_from"     // Clock, Now
	FaqAskTo                   = "faq_ask_to"       // Clock, Now
	FaqAskLanguage             = "faq_ask_language" // Now
	FaqAskVariant              = "faq_ask_variant"  // Now, Places
	FaqDoCancel                = "faq_do_cancel"
	FaqDoBack                  = "faq_do_back"
	FaqDoSkip                  = "faq_do_skip"
	FaqDoLive                  = "faq_do_live"
	FaqDoDraft                 = "faq_do_draft"
	FaqDoField                 = "faq_do_field" // Field
	FaqDoConfirm               = "faq_do_confirm"
	FaqDoNext                  = "faq_do_next"
	FaqDoPrevious              = "faq_do_previous"
	FaqDoEdit                  = "faq_do_edit"
	FaqDoDel                   = "faq_do_del"
	FaqDoHistory               = "faq_do_history"
	FaqDoPublish               = "faq_do_publish"
	FaqDoRevert                = "faq_do_revert"
	FaqDoRevertTo              = "faq_do_revert_to" // N
	FaqDoCreate                = "faq_do_create"
	FaqDoExtend                = "faq_do_extend" // Line
	FaqDoIgnore                = "faq_do_ignore"
	FaqHistoryHead             = "faq_history_head" // Count, ID
	FaqHistoryItem             = "faq_history_item" // At, Author, N, What
	FaqHistoryFirst            = "faq_history_first"
	FaqNoVersion               = "faq_no_version"
	FaqReverted                = "faq_reverted" // ID, N, Question
	FaqDecisionAnswer          = "faq_decision_answer"
	FaqDecisionClarify         = "faq_decision_clarify"
	FaqDecisionUnknown         = "faq_decision_unknown"
	FaqTestHead                = "faq_test_head"    // Decision, Floor, None, Refuse, Sure
	FaqTestItem                = "faq_test_item"    // All, Common, Confidence, Line, N, Nearest, Same, Text, Words
	FaqTestChoices             = "faq_test_choices" // Choices
	FaqTestLook                = "faq_test_look"    // Inboxes, Parts, Plain, Text
	FaqNothingWaits            = "faq_nothing_waits"
	FaqPublished               = "faq_published"    // Count
	FaqReplayHead              = "faq_replay_head"  // Asked, Changed
	FaqShortened               = "faq_shortened"    // Count
	FaqCapped                  = "faq_capped"       // Limit
	FaqReplayPlain             = "faq_replay_plain" // Count
	FaqReplayItem              = "faq_replay_item"  // After, Before, Question, Times
	FaqRewritten               = "faq_rewritten"    // Line
	FaqMore                    = "faq_more"         // Count
	FaqSuggestHead             = "faq_suggest_head" // Count, Days
	FaqSuggestNone             = "faq_suggest_none"
	FaqSuggestItem             = "faq_suggest_item" // Count, Entry, Kind, More, Question
	FaqSuggestGroup            = "faq_suggest_group"
	FaqSuggestReply            = "faq_suggest_reply"
	FaqFindingNothing          = "faq_finding_nothing"
	FaqFindingPicked           = "faq_finding_picked"
	FaqFindingUnhelpful        = "faq_finding_unhelpful"
	FaqIgnored                 = "faq_ignored"    // Count
	FaqStatsHead               = "faq_stats_head" // Answered, Asked, Bad, Days, Entries, Good, Questions, Unknown
	FaqStatsItem               = "faq_stats_item" // Bad, Good, Hits, Line
	FaqStatsHot                = "faq_stats_hot"
	FaqStatsBad                = "faq_stats_bad"
	FaqStatsStale              = "faq_stats_stale" // Asked, Count, Days
	FaqStatsContradict         = "faq_stats_contradict"
	FaqLearnNothing            = "faq_learn_nothing"
	FaqLearned                 = "faq_learned"      // ID, Near, Question
	FaqImportPlan              = "faq_import_plan"  // Changed, New, Same
	FaqImportBad               = "faq_import_bad"   // Bad, Changed, Count, Good, New, Same
	FaqImported                = "faq_imported"     // Changed, Count, New
	FaqImporting               = "faq_importing"    // Done, Total
	FaqAskFile                 = "faq_ask_file"     // Files, Limit
	FaqFileMissing             = "faq_file_missing" // Large, Limit
	FaqNoPicture               = "faq_no_picture"   // Large, Limit
	FaqFileFormat              = "faq_file_format"
	FaqProblemFileTooLarge     = "faq_problem_file_too_large"
	FaqProblemUtf16            = "faq_problem_utf16"
	FaqProblemSpreadsheet      = "faq_problem_spreadsheet"
	FaqProblemNotUtf8          = "faq_problem_not_utf8"
	FaqProblemBinary           = "faq_problem_binary"
	FaqProblemNoHeading        = "faq_problem_no_heading"
	FaqProblemUnknownColumn    = "faq_problem_unknown_column"
	FaqProblemColumnTwice      = "faq_problem_column_twice"
	FaqProblemNoQuestionColumn = "faq_problem_no_question_column"
	FaqProblemBadRow           = "faq_problem_bad_row"
	FaqProblemManyCells        = "faq_problem_many_cells"
	FaqProblemWideRow          = "faq_problem_wide_row"
	FaqProblemBadTime          = "faq_problem_bad_time"
	FaqProblemEntryTwice       = "faq_problem_entry_twice"
	FaqProblemQuestionExists   = "faq_problem_question_exists"
	FaqProblemNoArray          = "faq_problem_no_array"
	FaqProblemBrokenJSON       = "faq_problem_broken_json"
	FaqProblemNotClosed        = "faq_problem_not_closed"
	FaqProblemNoObject         = "faq_problem_no_object"
	FaqProblemBadEntry         = "faq_problem_bad_entry"
	FaqProblemManyRows         = "faq_problem_many_rows"
	FaqProblemIDTwice          = "faq_problem_id_twice"
	FaqProblemQuestionTwice    = "faq_problem_question_twice"
	FaqProblemNoWorkbook       = "faq_problem_no_workbook"
	FaqProblemBadWorkbook      = "faq_problem_bad_workbook"
	FaqProblemUnpackedTooLarge = "faq_problem_unpacked_too_large"
	FaqProblemNoSheet          = "faq_problem_no_sheet"
	FaqProblemBadSheet         = "faq_problem_bad_sheet"
	FaqProblemNoQuestion       = "faq_problem_no_question"
	FaqProblemEmptyQuestion    = "faq_problem_empty_question"
	FaqProblemNoAnswer         = "faq_problem_no_answer"
	FaqProblemLongQuestion     = "faq_problem_long_question"
	FaqProblemManySimilar      = "faq_problem_many_similar"
	FaqProblemLongSimilar      = "faq_problem_long_similar"
	FaqProblemLongAnswer       = "faq_problem_long_answer"
	FaqProblemBadVariant       = "faq_problem_bad_variant"
	FaqProblemLongVariant      = "faq_problem_long_variant"
	FaqProblemBadState         = "faq_problem_bad_state"
	FaqProblemBadLanguage      = "faq_problem_bad_language"
	FaqProblemManyTags         = "faq_problem_many_tags"
	FaqProblemLongLabel        = "faq_problem_long_label"
	FaqProblemBadDates         = "faq_problem_bad_dates"
	FaqProblemLargeEntry       = "faq_problem_large_entry"
	FaqProblemNotText          = "faq_problem_not_text"
	FaqProblemLine             = "faq_problem_line"  // Line, Problem
	FaqProblemDraft            = "faq_problem_draft" // Problem
	FaqExported                = "faq_exported"      // Count
	FaqExportLarge             = "faq_export_large"  // Count
)

// What customers read: whether an answer helped. The texts feedback_words_ are words divided by spaces, in any language.
const (
	FeedbackAsk        = "feedback_ask"
	FeedbackGood       = "feedback_good"
	FeedbackBad        = "feedback_bad"
	FeedbackWordsGood  = "feedback_words_good"
	FeedbackWordsBad   = "feedback_words_bad"
	FeedbackThanks     = "feedback_thanks"
	FeedbackSorry      = "feedback_sorry"
	FeedbackOfferHuman = "feedback_offer_human"
)
