"""What a company is, read from its own pages: fetched, their text taken out, put to the text chain as documents.

`reading.SiteReader` gives the pages, `orders` the chats about them, `profile` judges what a model made of them, and
`scene.Research` does all of it for one caller. Page text is data everywhere: it is delimited, it reaches no tool, and
what a model says of it leaves only within the profile's fields, cleaned, its facts checked against the pages.
"""
