"""The CrossGuard policy pack: what every stack must keep to, in each preview and up."""
