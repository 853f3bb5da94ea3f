package storetest

// Sentences returns the sentences of the contract.
func Sentences() []string {
	var all []string
	for _, subject := range contract {
		for _, r := range subject.rules {
			all = append(all, r.sentence)
		}
	}
	return all
}
