module ollama-stacks/opentofu

go 1.25.6

require github.com/opentofu/opentofu v1.11.5

replace github.com/hashicorp/hcl/v2 v2.20.1 => github.com/opentofu/hcl/v2 v2.20.2-0.20251021132045-587d123c2828
