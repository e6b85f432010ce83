"""What webhooks missed: storefronts are listed on a schedule, and what they have is compared with what the hub has."""
