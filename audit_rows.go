package session

// auditRows are the requirements, in the order of their names.
var auditRows = [...]auditRow{
	{
		"S01", "ASVS 7.2.1; OWASP", "only the server decides whether a session is valid",
		kept("its ends are in the record, by the server's clock", "its ends are inside of what is sealed, by the server's clock"),
	},
	{
		"S02", "ASVS 7.2.2", "tokens are minted for each session, and never static",
		kept("random at each creation, login, step-up and renewal", "another text at each change"),
	},
	{"S03", "ASVS 7.2.3, 11.5.1; NIST 5.1", "a token has 128 bits at least from a cryptographic generator", randomness},
	{"S04", "ASVS 7.2.4; OWASP; NIST 5.1", "each authentication gives a new token, and ends the old one", replacement},
	{"S05", "ASVS 7.3.1; NIST 5.2", "a session ends that is not used", inactivity},
	{"S06", "ASVS 7.3.2; NIST 5.1", "a session ends at last, however busy it is", lifetime},
	{"S07", "ASVS 7.1.1; NIST 2.1.3, 2.2.3, 2.3.3", "the times are those of the assurance level", assurance},
	{
		"S08", "NIST 5.2", "to authenticate again restarts both clocks, to be used only that of inactivity",
		always(Kept, "Login and StepUp restart both"),
	},
	{
		"S09", "NIST 5.1", "a session is at no higher level than its authentication",
		always(Kept, "the level is set by LoginWith and StepUp alone"),
	},
	{"S10", "ASVS 7.4.1; OWASP", "what was ended is over at once, on the server", termination},
	{
		"S11", "ASVS 7.4.2", "to disable an account ends its sessions",
		unlessSealed(always(Application, "Manager.EndAll(ctx, owner)"), byEpoch("no Epoch: nobody can end an owner's sealed sessions")),
	},
	{
		"S12", "ASVS 7.4.3", "after a change of password all other sessions can be ended",
		unlessSealed(always(Application, "Manager.EndAll(ctx, owner, s.ID()), and Terms.AtEpoch at logins"),
			byEpoch("no Epoch: nobody can end an owner's sealed sessions")),
	},
	{"S13", "ASVS 7.4.5", "administrators can end the sessions of one user, and of all", administration},
	{
		"S14", "ASVS 7.5.2", "users can see their sessions, and end them",
		unlessSealed(always(Application, "package devices, a ready page; or Manager.List and Manager.End"),
			always(Deviates, "nobody can list sealed sessions")),
	},
	{
		"S15", "ASVS 7.5.1, 7.5.3; OWASP", "sensitive changes ask who it is once more",
		always(Application, "package fresh, around what is sensitive"),
	},
	{"S16", "ASVS 7.1.2; OWASP", "how many sessions a user may have is decided", concurrency},
	{
		"S17", "ASVS 7.6.1", "sessions from an identity provider end when it says so",
		always(Open, "Terms.Lifetime can take the provider's end at each login; nobody hears of a sign-out there"),
	},
	{"S18", "ASVS 7.6.2", "nobody is signed in in silence", always(Kept, "only Login and LoginWith give a session an owner")},
	{"S19", "ASVS 3.3.1; NIST 5.1.1", "the cookie is Secure, and its name begins with a prefix that says so", secure},
	{"S20", "ASVS 3.3.3; NIST 5.1.1; layered cookies", "the cookie is for this host alone, and for all of it", hostOnly},
	{"S21", "ASVS 3.3.4; NIST 5.1.1", "scripts do not see the cookie, and the token is nowhere else", unscripted},
	{"S22", "ASVS 3.3.2; NIST 5.1.1; OWASP", "SameSite is written out, as Lax or Strict", sameSite},
	{"S23", "ASVS 3.3.5; layered cookies", "the cookie is no larger than browsers keep", size},
	{"S24", "NIST 5.1.1; layered cookies", "the cookie is not kept for longer than the session, or 400 days, and nothing relies on that", cookieEnd},
	{
		"S25", "NIST 5.1.1; OWASP", "the cookie says nothing of the visitor",
		kept("a random id and a random secret", "encrypted with AES-256-GCM, never the same text twice"),
	},
	{"S26", "layered cookies", "a response sets a cookie once", always(Kept, "ours is replaced, and not added to")},
	{
		"S27", "layered cookies", "several cookies of one name choose nobody's account",
		always(Kept, "up to three are tried, of which exactly one must open a session"),
	},
	{
		"S28", "OWASP", "an id that was not minted here is never adopted",
		kept("an unknown token is no session; a new one has an id of ours", "what our keys do not open is no session"),
	},
	{
		"S29", "OWASP", "the token is hostile input",
		kept("64 characters of an alphabet, or it never comes to the store", "refused by length, key and hour before anything is decrypted"),
	},
	{"S30", "ASVS 14.2.1; OWASP", "the token is not in URLs", always(Kept, "it is read from the cookie alone")},
	{"S31", "OWASP; ASVS 3.3.4", "there is one way for a token to come", always(Kept, "the cookie")},
	{"S32", "OWASP", "the token changes with the privileges", replacement},
	{"S33", "OWASP", "the token changes from time to time, with grace for requests under way", rotating},
	{
		"S34", "OWASP", "cookies that belong together are checked together",
		always(Open, "there is one cookie of ours, and nothing binds another one to it"),
	},
	{
		"S35", "OWASP", "a response that carries a token is not stored by caches",
		always(Kept, "Cache-Control: no-store with every Set-Cookie of ours"),
	},
	{
		"S36", "RFC 9111 7.3", "a response that depends on the session says so",
		always(Kept, "Vary: Cookie wherever the session was consulted"),
	},
	{"S37", "ASVS 14.3.1; OWASP", "what the browser has of the site is cleared when the session ends", clearing},
	{"S38", "ASVS 16.2.5; OWASP", "the life of sessions is logged, without their tokens", logging},
	{"S39", "OWASP", "somebody hears of tokens that are guessed", guessing},
	{"S40", "OWASP", "a token that moves to another client is noticed", moving},
	{"S41", "NIST 5.1; ASVS 11.2.4", "a token is compared in constant time, or looked up by a hash", comparison},
	{
		"S42", "ASVS 9.1, 9.2", "what is in a token is authenticated first, and bound to its purpose",
		kept("there is nothing in a token", "AES-256-GCM alone, bound to purpose and name; Idle and Lifetime are inside"),
	},
	{
		"S43", "ASVS 11.2.2, 11.1.1", "keys can be replaced, and nobody is signed out",
		kept("there are no keys", "the first of the keys seals, all of them open"),
	},
	{
		"S44", "ASVS 11.3.4", "no nonce is used twice with a key",
		kept("there are no nonces", "random, 96 bits, under a key of each hour's own"),
	},
	{"S45", "ASVS 11.2.5, 16.5.3", "what fails, fails closed, and says no more than that", failing},
	{
		"S46", "ASVS 3.5.1-3; NIST 5.1", "requests that other sites have made change nothing",
		always(Application, "http.CrossOriginProtection around Handler; package csrf for forms that bear a token"),
	},
	{"S47", "ASVS 14.3.3; NIST 5.1", "the token is not in the browser's storage for scripts", storage},
	{"S48", "NIST 5.1", "there is no way back from https to http", plainHTTP},
	{
		"S49", "NIST 5.1", "the cookie ends with the browser",
		always(Kept, "it has no end of its own but after a login with Terms.Remember"),
	},
	{"S50", "ASVS 7.1.1-3", "what was decided is documented", documented},
	{"S51", "ASVS 14.2.2", "no cache gives one visitor the page of another", always(Kept, "by S35 and S36")},
	{"S52", "RFC 6265bis; layered cookies", "a cookie that the browser gave up is no failure", always(Kept, "who comes without it is new")},
}
