package session

import (
	"errors"
	"net/http"
)

// What a commit, a load or a look-up may fail with. Test with errors.Is; the
// error at hand says more. [StatusCode] tells the HTTP status of each.
var (
	// ErrEnded: the session was ended, here or on another device. Nothing
	// of the request was kept.
	ErrEnded = errors.New("session: the session has ended")

	// ErrSuperseded: the session goes on under a newer token (after a login,
	// a renewal, or a change of level), so that a request with the older one
	// may not write to it. Nothing of the request was kept.
	ErrSuperseded = errors.New("session: the session goes on under a newer token")

	// ErrTaken: a value that Take handed out had been taken, or changed, by
	// another request. Nothing of the request was kept.
	ErrTaken = errors.New("session: the value was taken by another request")

	// ErrRefused wraps the error of a TryUpdate function that accepted the
	// value the request saw, but refused the newer one found at the commit.
	ErrRefused = errors.New("session: refused upon the newer value")

	// ErrOverwritten: with Options.Strict, a Set or Delete would have
	// overwritten a value that changed since the request read it.
	ErrOverwritten = errors.New("session: the value changed since it was read")

	// ErrEpoch: the owner's epoch is no longer the one the login was held to
	// (Terms.AtEpoch): all sessions of the owner were ended meanwhile.
	ErrEpoch = errors.New("session: the owner's epoch has moved")

	// ErrLimit: the owner has Options.Limit sessions already, and
	// Options.OverLimit is DenyNew.
	ErrLimit = errors.New("session: the owner has too many sessions")

	// ErrLate: it is too late for this change, since it needs a cookie and
	// the response has begun.
	ErrLate = errors.New("session: too late, the response has begun")

	// ErrTooLarge: the session would exceed Options.MaxRecord.
	ErrTooLarge = errors.New("session: too large")

	// ErrUnknown: whether the changes were kept cannot be found out. They
	// were not made twice.
	ErrUnknown = errors.New("session: it is not known whether the changes were kept")

	// ErrUnavailable: the store could not be asked, or did not answer in
	// time.
	ErrUnavailable = errors.New("session: the store is not available")

	// ErrConflict: within a transaction (see Commit) the session turned out
	// to have been changed by another request. The transaction can be run
	// again, from its beginning.
	ErrConflict = errors.New("session: another request has changed the session meanwhile")

	// ErrNotFound: there is no such session, or not of this owner.
	ErrNotFound = errors.New("session: no such session")
)

// StatusCode returns the HTTP status that answers err: 409 for what another
// request has decided otherwise, 404 for a session that is not there, 503 for a store that is not available and an
// outcome that is not known, 200 for nil, and 500 for the rest.
func StatusCode(err error) int {
	if err == nil {
		return http.StatusOK
	}
	for _, conflict := range []error{
		ErrEnded, ErrSuperseded, ErrTaken, ErrRefused, ErrOverwritten, ErrEpoch, ErrConflict, ErrLimit,
	} {
		if errors.Is(err, conflict) {
			return http.StatusConflict
		}
	}
	if errors.Is(err, ErrNotFound) {
		return http.StatusNotFound
	}
	if errors.Is(err, ErrUnknown) || errors.Is(err, ErrUnavailable) {
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// answer is the ErrorHandler of the zero Options.
func answer(w http.ResponseWriter, _ *http.Request, err error) {
	code := StatusCode(err)
	if errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrUnknown) {
		w.Header().Set("Retry-After", "1")
	}
	http.Error(w, http.StatusText(code), code)
}
