package demo

// The vocabulary of the generated market. Names are put together of plain words, so
// that no brand and no person is meant.

// theme is a category with what its brands sell and its creators show.
type theme struct {
	category string
	niches   []string
	goods    []string // what a brand of it is named after
	products []string // what a campaign shows
	titles   []string // names of campaigns
	scenes   []string // what a creator does with the product
	places   []place  // where it is shown
}

// place is a platform with a form that is usual there.
type place struct {
	platform, format string
	seconds          int
}

var (
	reel        = place{"instagram", "reel", 30}
	stories     = place{"instagram", "story set", 15}
	clip        = place{"tiktok", "video", 45}
	integration = place{"youtube", "integration", 60}
	review      = place{"youtube", "review", 480}
	stream      = place{"twitch", "live segment", 900}
	pin         = place{"pinterest", "idea pin", 0}
	article     = place{"blog", "article", 0}
	episode     = place{"podcast", "host-read spot", 60}
)

var themes = []theme{
	{
		"food", []string{"coffee", "cooking", "baking", "plant based"}, []string{"Coffee", "Meals", "Teas", "Pantry", "Bakery"},
		[]string{"a cold brew in three flavours", "meal boxes from local growers", "a tea for each hour of the day", "sauces without added sugar", "flour from old grains"},
		[]string{"Cold brew summer", "Dinner in a box", "Tea at four", "The quick lunch", "Bread from scratch"},
		[]string{"Cook one dish on camera", "Show a morning with it", "Taste it with a friend", "Turn it into a recipe"},
		[]place{reel, clip, integration, article},
	},
	{
		"home", []string{"interiors", "gardening", "organising", "repairs"}, []string{"Lamps", "Textiles", "Planters", "Shelves", "Tools"},
		[]string{"a lamp series for small rooms", "linen that need not be ironed", "planters for a windy balcony", "shelves that go up without a drill", "a tool set for a first flat"},
		[]string{"Light for small rooms", "Soft autumn", "Balcony season", "One wall, one day", "The first flat"},
		[]string{"Show the before and after", "Build it in one take", "Give a tour of the room", "Live with it for a week"},
		[]place{reel, clip, pin, integration},
	},
	{
		"outdoor", []string{"hiking", "cycling", "camping", "climbing"}, []string{"Boots", "Packs", "Tents", "Bikes", "Maps"},
		[]string{"boots tested over one hundred kilometres", "a pack that carries itself", "a tent for two and a dog", "a bicycle for bad roads", "paper maps that survive rain"},
		[]string{"A hundred kilometres", "Weekend away", "One night outside", "Bad roads", "Off the signal"},
		[]string{"Take it on a real tour", "Review it after rain", "Pack for three days", "Film the climb"},
		[]place{review, reel, clip, integration},
	},
	{
		"beauty", []string{"skincare", "make-up", "hair", "fragrance"}, []string{"Skincare", "Botanics", "Soaps", "Hair Care", "Colours"},
		[]string{"a routine of three steps without perfume", "a tint that stays through a day", "soap bars that last a season", "a mask for winter hair", "a balm of four ingredients"},
		[]string{"Three steps", "All day", "Bar none", "Winter hair", "Four ingredients"},
		[]string{"Show the routine, mornings and evenings", "Wear it from nine to nine", "Compare before and after", "Answer questions about it"},
		[]place{stories, reel, clip, integration},
	},
	{
		"music", []string{"piano", "guitar", "production", "singing"}, []string{"Pianos", "Strings", "Audio", "Records", "Pedals"},
		[]string{"a pocket keyboard", "strings that keep their tune", "headphones for long sessions", "a monthly record box", "a looper for beginners"},
		[]string{"Learn one song", "In tune", "Long sessions", "Side A", "Loop it"},
		[]string{"Play a song that everyone can learn", "Record it in one take", "Show the set-up", "Make a beat with it"},
		[]place{clip, reel, integration, stream},
	},
	{
		"fitness", []string{"running", "yoga", "strength", "swimming"}, []string{"Shoes", "Mats", "Nutrition", "Weights", "Swim"},
		[]string{"a shoe for slow miles", "a mat that does not slip", "bars without palm oil", "weights that fit under a bed", "goggles that do not fog"},
		[]string{"Slow miles", "Ten quiet minutes", "Fuel", "Under the bed", "First lane"},
		[]string{"Train with it for a week", "Show one session", "Make a plan for beginners", "Count what changed"},
		[]place{reel, clip, integration, stories},
	},
	{
		"travel", []string{"trains", "city breaks", "slow travel", "family trips"}, []string{"Rail", "Stays", "Luggage", "Ferries", "Guides"},
		[]string{"night trains to the sea", "stays in houses with a story", "a case that fits every rack", "ferry passes for a summer", "city guides by people who live there"},
		[]string{"Wake up by the sea", "Houses with a story", "One case", "Island summer", "Ask a local"},
		[]string{"Take the trip and film it", "Show a day by the hour", "Pack in two minutes", "Find three places nobody names"},
		[]place{integration, reel, article, clip},
	},
	{
		"tech", []string{"photography", "desk set-ups", "coding", "repair"}, []string{"Cameras", "Desks", "Keyboards", "Cables", "Drives"},
		[]string{"a camera that fits a coat pocket", "a desk that remembers your height", "a keyboard that can be repaired", "one cable for everything", "a drive that keeps three copies"},
		[]string{"Coat pocket", "Stand up", "Made to be mended", "One cable", "Three copies"},
		[]string{"Use it for a week and say what is missing", "Build a set-up around it", "Take it apart and put it together", "Answer the ten usual questions"},
		[]place{review, integration, clip, episode},
	},
	{
		"fashion", []string{"basics", "second hand", "knitwear", "streetwear"}, []string{"Knits", "Denim", "Basics", "Rainwear", "Shoes"},
		[]string{"a jumper from leftover yarn", "jeans that are repaired for life", "seven basics for a month", "a raincoat that folds into its pocket", "shoes with soles that can be changed"},
		[]string{"Leftover yarn", "Repaired for life", "Seven pieces", "Rain or not", "New soles"},
		[]string{"Style it three ways", "Wear it for a month", "Mend something on camera", "Show it in the rain"},
		[]place{reel, stories, clip, pin},
	},
	{
		"gaming", []string{"cosy games", "speedruns", "tabletop", "retro"}, []string{"Games", "Chairs", "Controllers", "Dice", "Arcades"},
		[]string{"a game about a lighthouse", "a chair for long evenings", "a controller for small hands", "dice from fallen wood", "a cabinet to build oneself"},
		[]string{"The lighthouse", "Long evenings", "Small hands", "Fallen wood", "Build the cabinet"},
		[]string{"Play the first hour", "Stream it with your viewers", "Teach it in five minutes", "Show how it is built"},
		[]place{stream, clip, integration, review},
	},
	{
		"art", []string{"stationery", "illustration", "ceramics", "lettering"}, []string{"Papers", "Inks", "Clay", "Brushes", "Frames"},
		[]string{"a notebook that lies flat", "inks made from plants", "clay that dries in the air", "brushes without animal hair", "frames from old windows"},
		[]string{"Lies flat", "Colours of the field", "Kitchen table clay", "A clean line", "Old windows"},
		[]string{"Draw with it in real time", "Finish one piece", "Show your table", "Try it for the first time on camera"},
		[]place{reel, clip, pin, article},
	},
	{
		"lifestyle", []string{"family", "slow living", "pets", "study"}, []string{"Goods", "Calendars", "Candles", "Pets", "Gifts"},
		[]string{"a calendar for two households", "candles that burn a weekend", "a bed that dogs choose themselves", "gifts that are used up", "a timer that helps to study"},
		[]string{"Two households", "One weekend", "The good bed", "Used up", "Twenty-five minutes"},
		[]string{"Show an ordinary day", "Tell what you would change", "Let your household judge", "Make a list of five uses"},
		[]place{stories, reel, clip, episode},
	},
}

var brandFirst = []string{
	"Fernway", "Copper Lane", "Willowmere", "Brightwater", "Oakline", "Tidewell", "Mossgate", "Larkfield", "Stonebrook",
	"Amberly", "Northquay", "Hazelmoor", "Driftwood", "Quietside", "Sunrow", "Millpond", "Foxglove", "Silverbirch",
	"Redgate", "Cloudberry", "Marlow Green", "Saltmarsh", "Greywren", "Juniper Row", "Elmstead", "Bluehour", "Cobble",
	"Thistle", "Lowtide", "Maplewick", "Pebblecross", "Ravenhill", "Skylark", "Tallgrass", "Underwood", "Violet Hill",
	"Westerly", "Yarrow", "Ashdown", "Barley", "Cinder", "Dovetail", "Evergreen", "Fieldnote", "Goldfinch", "Highmoor",
	"Inkwell", "Kestrel", "Lantern", "Meadowlark",
}

var brandSecond = []string{"", "House", "Works", "& Daughters", "Studio", "Union", "Collective", "Yard", "Supply", "Company"}

var handleFirst = []string{
	"quiet", "north", "paper", "salt", "amber", "little", "late", "early", "wild", "slow", "bright", "hidden", "plain",
	"round", "open", "second", "golden", "silver", "blue", "green", "rainy", "sunny", "winter", "summer", "autumn", "spring",
	"river", "harbour", "garden", "window", "corner", "attic", "kitchen", "studio", "balcony", "backyard", "city", "village",
	"coastal", "mountain", "forest", "desert", "island", "midnight", "morning", "sunday", "weekday", "pocket", "tiny", "grand",
	"honest", "curious", "gentle", "restless", "patient", "clumsy", "modern", "vintage", "everyday", "borrowed",
}

var handleSecond = []string{
	"lens", "notes", "diary", "table", "trail", "brush", "stitch", "kettle", "canvas", "radio", "shelf", "ladder", "postcard",
	"bicycle", "compass", "lantern", "pages", "letters", "loaf", "mixtape", "sketch", "journal", "atlas", "garden", "mile",
	"summit", "tide", "frame", "thread", "button", "pixel", "keyboard", "melody", "chorus", "needle", "basket", "recipe",
	"pantry", "bench", "hammock", "tent", "ferry", "platform", "suitcase", "ticket", "mirror", "palette", "clay", "feather",
	"acorn", "pebble", "harvest", "orchard", "meadow", "cabin", "porch", "lamp", "quilt", "puzzle", "dice",
}

var handleThird = []string{
	"club", "daily", "lab", "house", "life", "files", "hour", "room", "show", "story", "works", "days", "crew", "corner",
	"project", "and.co", "at.home", "outside", "in.colour", "on.tour", "weekly", "unfiltered", "academy", "archive", "club.two",
	"collective", "studio", "yard", "tapes",
}

var editions = []string{"second edition", "city by city", "for beginners", "at home", "the long version"}

var goals = []string{
	"Awareness in the first two weeks; saves and shares over likes.", "Sales with a code of one's own.",
	"Honest reviews from real use.", "Subscriptions to the newsletter.", "Visits to the shops in five cities.",
	"Clips that we may show in our own channels.", "Questions from the audience, answered on camera.",
}

var invitations = []string{
	"Hello! We like what you make and think that this fits.", "Your last series is exactly the tone that we are looking for.",
	"We have followed you for a while and would love to work with you.", "A small campaign, a clear brief and a quick answer from our side.",
	"Would this be something for your audience?", "",
}

var applications = []string{
	"Hello! I use this every week and would love to show it.", "My audience asks for exactly this. Here is what I would do.",
	"I have an idea for this that needs no script.", "I could film this on my next trip.", "",
}

var chatter = []string{
	"Could the date move by a week?", "We can send the product on Monday.", "I would film it in daylight, if that is fine.",
	"May we see a draft before it goes out?", "My last two videos on this did well, happy to share figures.",
	"The must-show text is in the terms now.", "Thanks for the quick answer!", "One more question: are captions included?",
	"We would like to keep the music rights simple.", "I can add a story on the day after.",
}

var declines = []struct{ reason, note string }{
	{"budget", "This is beyond what we planned for one creator."}, {"timing", "The dates collide with another project."},
	{"fit", "It is not quite what my audience comes for."}, {"terms", "The usage rights go too far for us."}, {"other", ""},
}
