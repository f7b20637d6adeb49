module ollama-stacks/ollama

go 1.26.0

require github.com/ollama/ollama v0.24.0

require github.com/gen2brain/malgo v0.11.24 // indirect
