package report

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"

	"github.com/sojourn-go/session/bench/measure"
	"github.com/sojourn-go/session/bench/peers"
)

// The chart's measures, in units of its own. It is narrow, so that its letters
// are still letters on a telephone.
const (
	chartWidth = 480
	nameWidth  = 148 // of the names, at the left
	barsEnd    = 408 // where the axis ends
	rowHeight  = 25
	barHeight  = 17
	axisMin    = 10.0 // ns
	axisMax    = 100_000.0
)

// A chartGroup is a workload with its headline.
type chartGroup struct{ letter, title string }

var chartGroups = []chartGroup{
	{"b", "session untouched"},
	{"c", "read one of three values"},
	{"e", "counter + 1"},
	{"g", "new token"},
}

// A chartBar is a subject with its name in the chart.
type chartBar struct{ subject, name, class string }

var chartBars = []chartBar{
	{peers.Memory, "sojourn, memory", "own"},
	{peers.Sealed, "sojourn, cookie", "own"},
	{peers.SCSIdle, "scs, memory", "peer"},
	{"fiber", "fiber, memory", "peer"},
	{"gin-memory", "gin, memory", "peer"},
	{peers.Gorilla, "gorilla, cookie", "peer"},
}

// There is no background: the page's own shows through. The colours of the
// bars are of middle lightness, and those of the letters follow the scheme.
const chartStyle = `
text { font: 16px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #1f2328 }
.head { font-weight: 600; font-size: 17px }
.note { font-size: 14.5px; fill: #59636e }
.line { stroke: #818b98; stroke-opacity: .4; stroke-width: 1 }
.own { fill: #1f7a4d }
.peer { fill: #8590a0 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.note { fill: #9aa4af }
.own { fill: #3fb37a }
.peer { fill: #6e7a89 }
}
`

// Chart writes the chart as SVG.
func (d *Data) Chart(w io.Writer) error {
	var body strings.Builder
	y := 44
	for _, g := range chartGroups {
		y = d.group(&body, g, y)
	}
	for ns := axisMin; ns <= axisMax; ns *= 10 {
		fmt.Fprintf(&body, "<text class=\"note\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", place(ns), y+15, short(ns))
	}
	height := y + 26
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" role="img" aria-labelledby="t d">
<title id="t">Time of a request, through the whole middleware</title>
<desc id="d">%s</desc>
<style>%s</style>
<text class="head" x="0" y="18">Time of a request, through the whole middleware</text>
<text class="note" x="0" y="39">each line is ten times the one before; × is times ours in memory</text>
%s</svg>
`, chartWidth, height, html.EscapeString(d.inWords()), chartStyle, body.String())
	return err
}

// group draws the bars of a workload below y, and returns where they end.
func (d *Data) group(b *strings.Builder, g chartGroup, y int) int {
	y += 26
	fmt.Fprintf(b, "<text class=\"head\" x=\"0\" y=\"%d\">%s</text>\n", y, g.title)
	y += 9
	var bars strings.Builder
	top := y
	for _, bar := range chartBars {
		r, ok := measure.Find(d.Requests, g.letter, bar.subject)
		if !ok {
			continue
		}
		width := max(place(r.Median())-nameWidth, 1)
		fmt.Fprintf(&bars, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", nameWidth-8, y+14, bar.name)
		fmt.Fprintf(&bars, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n", bar.class, nameWidth, y, width, barHeight)
		fmt.Fprintf(&bars, "<text x=\"%.1f\" y=\"%d\">%s</text>\n", nameWidth+width+6, y+14, d.label(g.letter, bar.subject, r))
		y += rowHeight
	}
	for ns := axisMin; ns <= axisMax; ns *= 10 {
		fmt.Fprintf(b, "<path class=\"line\" d=\"M%.1f %dV%d\"/>\n", place(ns), top-2, y-6)
	}
	b.WriteString(bars.String())
	return y
}

// label is the time of ours, and of the others how many times that.
func (d *Data) label(letter, subject string, r measure.Result) string {
	if subject == peers.Memory {
		return short(r.Median())
	}
	ratio, _ := over(d.Requests, letter, subject, letter, peers.Memory)
	if ratio.Median < 10 {
		return fmt.Sprintf("%.1f×", ratio.Median)
	}
	return fmt.Sprintf("%.0f×", ratio.Median)
}

// place is where a time is on the axis.
func place(ns float64) float64 {
	ns = min(max(ns, axisMin), axisMax)
	return nameWidth + (barsEnd-nameWidth)*math.Log10(ns/axisMin)/math.Log10(axisMax/axisMin)
}

// short is a time in few letters.
func short(ns float64) string {
	if ns < 1000 {
		return fmt.Sprintf("%.0f ns", ns)
	}
	return fmt.Sprintf("%.3g µs", ns/1000)
}

// inWords says what the chart shows to who does not see it.
func (d *Data) inWords() string {
	var all []string
	for _, g := range chartGroups {
		var bars []string
		for _, bar := range chartBars {
			if r, ok := measure.Find(d.Requests, g.letter, bar.subject); ok {
				bars = append(bars, bar.name+" "+d.label(g.letter, bar.subject, r))
			}
		}
		all = append(all, g.title+": "+strings.Join(bars, "; "))
	}
	return strings.Join(all, ". ") + "."
}
