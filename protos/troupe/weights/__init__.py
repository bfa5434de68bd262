"""Files of models, for every service that has some: fetched whole or not at all, and the memory there is for them."""
