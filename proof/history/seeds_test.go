package history

// A defect is a way in which sessions could break their word, put into the real
// code: each edit replaces a text that occurs exactly once in the files of the
// root package, and asks seeded whether it is to do harm. The histories must
// notice. One that they do not notice is a hole in them.
type defect struct {
	name  string
	edits []edit
}

type edit struct{ old, new string }

var defects = []defect{
	{"upsert", nil}, // in the store: see memory.Save
	{"no replay", []edit{{
		"		j.conflict = true\n	}\n",
		"		j.conflict = true\n	}\n	if seeded(`no replay`) {\n		b.finish(b.cur)\n		return true\n	}\n"}}},
	{"end ignored", []edit{{
		"	d.clear()\n	d.header().Kind = record.Ended",
		"	if seeded(`end ignored`) {\n		return\n	}\n	d.clear()\n	d.header().Kind = record.Ended"}}},
	{"old token accepted", []edit{{
		"	was := !right && cur.wasSecret(hash, arrival)\n",
		"	was := !right && cur.wasSecret(hash, arrival)\n	if seeded(`old token accepted`) && was {\n		right, was = true, false\n	}\n"}}},
	{"replay across login", []edit{{
		"	if d.generation() != c.gen {",
		"	if d.generation() != c.gen && !seeded(`replay across login`) {"}}},
	{"lost reply counted twice", []edit{
		{"	if b.cur.exists && head.Stamped(at.stamp) {", "	if b.cur.exists && head.Stamped(at.stamp) && !seeded(`lost reply counted twice`) {"},
		{"			if b.cur.exists && head.Stamped(a.stamp) {", "			if b.cur.exists && head.Stamped(a.stamp) && !seeded(`lost reply counted twice`) {"}}},

	{"stamp not looked for at a conflict", []edit{{
		"	head := b.cur.rec.Header()\n	if b.cur.exists",
		"	head := b.cur.rec.Header()\n	if seeded(`stamp not looked for at a conflict`) {\n		for _, j := range b.live {\n			j.attempts = nil\n		}\n		return false\n	}\n	if b.cur.exists"}}},
	{"a lost reply taken for a refusal", []edit{{
		"		case unknown && b.moved(j):",
		"		case unknown && b.moved(j) && !seeded(`a lost reply taken for a refusal`):"}}},
	{"writes to what has ended", []edit{{
		"	if d.ended() || past(d.logicalEnd(), c.arrival) {",
		"	if !seeded(`writes to what has ended`) && (d.ended() || past(d.logicalEnd(), c.arrival)) {"}}},
	{"an End that is not kept", []edit{{
		"			d.end()\n			c.ends",
		"			if !seeded(`an End that is not kept`) {\n				d.end()\n			}\n			c.ends"}}},
	{"superseded tokens forgotten", []edit{{
		"	case was:",
		"	case was && seeded(`superseded tokens forgotten`):\n		*f = found{}\n	case was:"}}},
	{"the expired accepted", []edit{{
		"	case cur.over(arrival):",
		"	case cur.over(arrival) && !seeded(`the expired accepted`):"}}},
	{"a Take that does not compare", []edit{{
		"		if !ok || !bytes.Equal(cur, c.value) {",
		"		if !seeded(`a Take that does not compare`) && (!ok || !bytes.Equal(cur, c.value)) {"}}},
	{"an Update that is not run again", []edit{{
		"		if !r.first {",
		"		if !r.first && !seeded(`an Update that is not run again`) {"}}},
	{"another owner inherits", []edit{{
		`		if d.owner != "" && d.owner != c.owner {`,
		"		if d.owner != \"\" && d.owner != c.owner && !seeded(`another owner inherits`) {"}}},
	{"Strict not kept to", []edit{{
		"	if r.strict {",
		"	if r.strict && !seeded(`Strict not kept to`) {"}}},
	{"later lists shown", []edit{{
		"	if !c.foreign {",
		"	if !c.foreign || seeded(`later lists shown`) {"}}},
	{"a cookie after a failure", []edit{{
		"		w.stuck, w.failed = o.stuck, n\n",
		"		w.stuck, w.failed = o.stuck, n\n		if seeded(`a cookie after a failure`) && s.token != \"\" {\n			w.owed = &owed{value: s.token}\n		}\n"}}},
	{"what was set before the login is kept", []edit{{
		"	if i := l[cut:].last(doLogin); i >= 0 {\n",
		"	if i := l[cut:].last(doLogin); i >= 0 {\n		if seeded(`what was set before the login is kept`) {\n			i = 0\n		}\n"}}},
	{"refused for what was never saved", []edit{{
		"		case accepted == 0 || j.panicked != nil:",
		"		case accepted == 0 || j.panicked != nil || seeded(`refused for what was never saved`):"}}},
	{"judged by an older record than it saw", []edit{{
		"(b.cur == nil || j.base.newer(b.cur)) {",
		"(b.cur == nil || j.base.newer(b.cur) && !seeded(`judged by an older record than it saw`)) {"}}},
	{"another's outcome shown", []edit{{
		"				known, j.after, j.exact = true, a.after, head.Writes == a.writes+1\n",
		"				known, j.after, j.exact = true, a.after, head.Writes == a.writes+1\n				if seeded(`another's outcome shown`) {\n					j.after = b.cur.draft()\n				}\n"}}},
	{"writes behind a login go with it", []edit{{
		"		if q.waiting[n-1].closes {",
		"		if q.waiting[n-1].closes && !seeded(`writes behind a login go with it`) {"}}},
	{"undo takes back what others saved", []edit{{
		"		c.before = d.clone()\n",
		"		c.before = d.clone()\n		if seeded(`undo takes back what others saved`) {\n			c.before = &draft{base: d.base, owner: d.owner, exists: d.exists}\n		}\n"}}},
	{"undo brings back what ended", []edit{{
		"	if before == nil || !c.exact {",
		"	if before == nil || !c.exact && !seeded(`undo brings back what ended`) {"}}},
	{"undo forgotten", []edit{{
		"	err := m.restore(ctx, c)\n",
		"	if seeded(`undo forgotten`) {\n		return\n	}\n	err := m.restore(ctx, c)\n"}}},
	{"hidden from EndAll by a login that fails", []edit{{
		"		e.forced = e.whose != owners &&",
		"		e.forced = !seeded(`hidden from EndAll by a login that fails`) && e.whose != owners &&"}}},
	{"End of somebody else's", []edit{{
		"	if e.whose != anybodys && d.owner != e.owner {",
		"	if e.whose != anybodys && d.owner != e.owner && !seeded(`End of somebody else's`) {"}}},
	{"the epoch not asked for", []edit{{
		"	if en.epoch != 0 && d.generation() != en.epoch {",
		"	if en.epoch != 0 && d.generation() != en.epoch && !seeded(`the epoch not asked for`) {"}}},
	{"no entry in the owner record", []edit{{
		"	d.set(e.id, e.encode())\n	if again",
		"	if !seeded(`no entry in the owner record`) {\n		d.set(e.id, e.encode())\n	}\n	if again"}}},
}
