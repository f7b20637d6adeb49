module ollama-stacks/toxiproxy

go 1.25.6

require github.com/Shopify/toxiproxy/v2 v2.5.0
